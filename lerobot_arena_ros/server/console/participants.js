// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file Shows the participants of the open room, its driver, and its last stop. */

import { byId, clockTime, durationText, sentence, setText } from './dom.js';
import { otherDriverText } from './producer_link.js';

/** The panel at the top of a room, with the button that takes control. */
export class Participants {
  #take = /** @type {HTMLButtonElement} */ (byId('take'));
  #release = /** @type {HTMLButtonElement} */ (byId('release'));
  /** @type {Set<string>} */
  #ownIds = new Set();
  /** @type {?import('./rest.js').RoomInfo} */
  #info = null;
  /** @type {Set<string>} */
  #robotIds = new Set();
  /** @type {import('./producer_link.js').DriveState} */
  #drive = { phase: 'free', note: '' };
  /** @type {import('./reconnecting_link.js').LinkState['phase']} */
  #linkPhase = 'connecting';
  #isFinal = false;
  #isLocked = false;
  #noDriveReason = '';
  /** @type {?import('./session.js').RoomStop} */
  #lastStop = null;
  #error = '';

  /**
   * @param {() => void} onTake
   * @param {() => void} onRelease
   */
  constructor(onTake, onRelease) {
    this.#take.addEventListener('click', onTake);
    this.#release.addEventListener('click', onRelease);
  }

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
    this.#robotIds = new Set();
    this.#drive = { phase: 'free', note: '' };
    this.#linkPhase = 'connecting';
    this.#isLocked = false;
    this.#lastStop = null;
    this.#error = '';
    this.showInfo(null);
    this.#showLastStop(new Date());
  }

  /** @param {?import('./rest.js').RoomInfo} info null: not known */
  showInfo(info) {
    this.#info = info;
    const producer = info?.producer ?? null;
    setText(byId('producer'), producer === null ? 'No driver' : this.#labelOf(producer));
    this.#showViewers();
    this.#showControl();
  }

  /**
   * @param {Set<string>} robotIds participants that report as robots
   * @param {Date} now
   */
  tick(robotIds, now) {
    this.#robotIds = robotIds;
    this.#showViewers();
    this.#showLastStop(now);
  }

  /** @param {import('./producer_link.js').DriveState} state */
  showDrive(state) {
    this.#drive = state;
    this.#error = '';
    const isDriving = state.phase === 'driving';
    const hadFocus = [this.#take, this.#release].some((each) => each === document.activeElement);
    this.#showControl();
    if (hadFocus) {
      (isDriving ? this.#release : this.#take).focus();
    }
  }

  /**
   * @param {import('./reconnecting_link.js').LinkState['phase']} phase
   * @param {boolean} isFinal whether a lost link is not joined again automatically
   */
  setLink(phase, isFinal) {
    this.#linkPhase = phase;
    this.#isFinal = isFinal;
    this.#showControl();
  }

  /** @param {boolean} isLocked whether nothing is sent, because of a stop */
  setLocked(isLocked) {
    this.#isLocked = isLocked;
    this.#showControl();
  }

  /** @param {string} reason why the token does not allow driving; empty if it does */
  setNoDriveReason(reason) {
    this.#noDriveReason = reason;
    this.#showControl();
  }

  /** @param {import('./session.js').RoomStop} stop */
  setLastStop(stop) {
    this.#lastStop = stop;
    this.#showLastStop(new Date());
  }

  /** @param {string} text of an error that the server reports */
  showError(text) {
    this.#error = `The server reports: ${text}`;
    this.#showControl();
  }

  /** The id of another participant that drives the room; null: none is known. */
  get #otherDriver() {
    const producer = this.#info?.producer ?? null;
    return producer === null || this.#ownIds.has(producer) ? null : producer;
  }

  #showControl() {
    const { phase } = this.#drive;
    const isDriving = phase === 'driving';
    this.#take.hidden = isDriving;
    this.#release.hidden = !isDriving;
    this.#take.disabled = phase === 'requesting' || this.#linkPhase !== 'joined'
      || this.#otherDriver !== null || this.#noDriveReason !== '';
    setText(this.#take, phase === 'requesting' ? 'Requesting control…' : 'Take control');
    byId('drive-help').hidden = !isDriving;
    setText(byId('drive-note'), this.#driveNote());
    setText(byId('joints-off'), this.#lockedJointsText());
  }

  /** Return the text below the button. */
  #driveNote() {
    if (this.#error !== '') {
      return this.#error;
    }
    const { phase, note } = this.#drive;
    if (phase === 'driving') {
      return this.#isLocked
        ? 'This page drives, but it is locked after the stop.'
        : 'This page drives. A joint moves only when you move it.';
    }
    if (this.#linkPhase !== 'joined') {
      return `${note} ${this.#linkText()}`.trim();
    }
    if (this.#noDriveReason !== '') {
      return `You cannot take control: ${this.#noDriveReason}.`;
    }
    return this.#otherDriver === null ? note : otherDriverText(this.#otherDriver);
  }

  #linkText() {
    const isTemporary = this.#linkPhase === 'lost' && !this.#isFinal;
    return isTemporary ? 'You can take control when the link is back.' : '';
  }

  /** Return why the joints cannot be moved; empty if they can. */
  #lockedJointsText() {
    if (this.#linkPhase !== 'joined') {
      return 'The joints cannot be moved: the link is lost. The values are old.';
    }
    if (this.#isLocked) {
      return 'The joints cannot be moved: this page is locked after the stop. Unlock it first.';
    }
    if (this.#drive.phase === 'driving') {
      return '';
    }
    if (this.#noDriveReason !== '') {
      return `The joints cannot be moved: ${this.#noDriveReason}.`;
    }
    return this.#otherDriver === null
      ? 'The joints cannot be moved: this page does not drive. Press Take control.'
      : `The joints cannot be moved: ${this.#otherDriver} drives this room.`;
  }

  #showViewers() {
    const labels = (this.#info?.consumers ?? []).map((id) => this.#labelOf(id));
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
