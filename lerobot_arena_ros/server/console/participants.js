// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file Shows the driver of the open room, its viewers, and its last stop. */

import { byId, clockTime, durationText, sentence, setText } from './dom.js';

/** The rows at the top of a room. */
export class Participants {
  /** @type {Set<string>} */
  #ownIds = new Set();
  /** @type {?import('./rest.js').RoomInfo} */
  #info = null;
  /** @type {?import('./control_state.js').Control} */
  #control = null;
  /** @type {Set<string>} */
  #robotIds = new Set();
  /** @type {?import('./session.js').RoomStop} */
  #lastStop = null;

  /** The number of viewers other than this page; null if it is not known. */
  get viewers() {
    return this.#info === null
      ? null
      : this.#info.consumers.filter((id) => !this.#ownIds.has(id)).length;
  }

  /**
   * Show another room, of which nothing is known yet.
   * @param {Set<string>} ownIds of this page
   */
  clear(ownIds) {
    this.#ownIds = ownIds;
    this.#control = null;
    this.#robotIds = new Set();
    this.#lastStop = null;
    this.showInfo(null);
    this.#showDriver();
    this.#showLastStop(new Date());
  }

  /** @param {?import('./rest.js').RoomInfo} info null: not known */
  showInfo(info) {
    this.#info = info;
    this.#showViewers();
  }

  /** @param {import('./control_state.js').Control} control */
  setControl(control) {
    this.#control = control;
    this.#showDriver();
    this.#showViewers();
  }

  /**
   * @param {Set<string>} robotIds participants that report as robots
   * @param {Date} now
   */
  tick(robotIds, now) {
    this.#robotIds = robotIds;
    this.#showDriver();
    this.#showViewers();
    this.#showLastStop(now);
  }

  /** @param {import('./session.js').RoomStop} stop */
  setLastStop(stop) {
    this.#lastStop = stop;
    this.#showLastStop(new Date());
  }

  #showDriver() {
    const { holder } = this.#control ?? { holder: undefined };
    const nobody = holder === null ? 'No driver' : 'Not known yet';
    setText(byId('producer'), holder ? this.#labelOf(holder) : nobody);
  }

  #showViewers() {
    const viewers = (this.#info?.consumers ?? []).filter((id) => id !== this.#control?.holder);
    const labels = viewers.map((id) => this.#labelOf(id));
    const list = byId('consumers');
    const shown = [...list.children].map((item) => item.textContent);
    if (labels.join('\n') !== shown.join('\n')) {
      list.replaceChildren(...labels.map((label) => {
        const item = document.createElement('li');
        item.textContent = label;
        return item;
      }));
    }
  }

  /** @param {Date} now */
  #showLastStop(now) {
    const stop = this.#lastStop;
    byId('last-stop-row').hidden = stop === null;
    if (stop !== null) {
      const source = this.#ownIds.has(stop.source) ? 'this page' : stop.source;
      const age = durationText(now.getTime() - stop.at.getTime());
      const reason = stop.reason === '' ? 'no reason was given' : stop.reason;
      const text = `${clockTime(stop.at)} (${age} ago) by ${source}: ${sentence(reason)}`;
      setText(byId('last-stop'), text);
    }
  }

  /** @param {string} id */
  #labelOf(id) {
    if (this.#ownIds.has(id)) {
      return `${id} (this page)`;
    }
    return this.#robotIds.has(id) ? `${id} (robot)` : id;
  }
}
