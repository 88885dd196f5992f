// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file The controls that hand over control of the open room: take, ask, give, refuse, release. */

import { ControlRequests } from './control_requests.js';
import { fixedJointsText, noteText, takeText } from './control_texts.js';
import { byId, clockTime, setText } from './dom.js';
import { GiveChoice } from './give_choice.js';

/** @typedef {import('./control_state.js').Control} Control */

/** @type {import('./driver_link.js').DriveState} */
const FREE = { phase: 'free', note: '' };

/**
 * What the user can do.
 * @typedef {object} HandOverActions
 * @property {() => void} onTake
 * @property {() => void} onRelease
 * @property {(to: string) => void} onGive
 * @property {(to: string) => void} onRefuse
 */

/** The state of control in the open room, for the user of this page. */
export class HandOver {
  #panel = byId('hand-over');
  #take = /** @type {HTMLButtonElement} */ (byId('take'));
  #release = /** @type {HTMLButtonElement} */ (byId('release'));
  #requests;
  #choice;
  /** @type {Set<string>} */
  #ownIds = new Set();
  /** @type {?Control} null: not known */
  #control = null;
  /** @type {?string} id of the last other participant that had control */
  #before = null;
  #drive = FREE;
  #drivenAt = new Date();
  /** @type {import('./reconnecting_link.js').LinkState['phase']} */
  #linkPhase = 'connecting';
  #isFinal = false;
  #isLocked = false;
  #noDriveReason = '';
  #error = '';

  /** @param {HandOverActions} actions */
  constructor({ onTake, onRelease, onGive, onRefuse }) {
    this.#requests = new ControlRequests(onGive, onRefuse);
    this.#choice = new GiveChoice(onGive);
    this.#take.addEventListener('click', onTake);
    this.#release.addEventListener('click', onRelease);
    // A key that is held down would take and release control many times.
    this.#panel.addEventListener('keydown', (event) => {
      if (event.repeat && event.key === 'Enter') {
        event.preventDefault();
      }
    });
  }

  /**
   * Show another room, of which nothing is known yet.
   * @param {Set<string>} ownIds of this page
   */
  clear(ownIds) {
    this.#ownIds = ownIds;
    this.#control = null;
    this.#before = null;
    this.#drive = FREE;
    this.#linkPhase = 'connecting';
    this.#isLocked = false;
    this.#error = '';
    this.#show();
  }

  /** @param {Control} control */
  setControl(control) {
    this.#control = control;
    this.#before = this.#other ?? this.#before;
    this.#show();
  }

  /** @param {import('./driver_link.js').DriveState} state */
  setDrive(state) {
    this.#drive = state;
    this.#drivenAt = new Date();
    this.#error = '';
    this.#show();
  }

  /**
   * @param {import('./reconnecting_link.js').LinkState['phase']} phase
   * @param {boolean} isFinal whether a lost link is not joined again automatically
   */
  setLink(phase, isFinal) {
    this.#linkPhase = phase;
    this.#isFinal = isFinal;
    this.#show();
  }

  /** @param {boolean} isLocked whether nothing is sent, because of a stop */
  setLocked(isLocked) {
    this.#isLocked = isLocked;
    this.#show();
  }

  /** @param {string} reason why the token does not allow driving; empty if it does */
  setNoDriveReason(reason) {
    this.#noDriveReason = reason;
    this.#show();
  }

  /** @param {string} text of an error that the server reports */
  setError(text) {
    this.#error = `The server reports: ${text}`;
    this.#show();
  }

  /** The id of another participant that has control; null: none is known. */
  get #other() {
    const holder = this.#control?.holder ?? null;
    return holder === null || this.#ownIds.has(holder) ? null : holder;
  }

  /** @returns {import('./control_texts.js').Situation} */
  get #situation() {
    const { note } = this.#drive;
    return {
      drive: this.#drive,
      // The note stays until the user requests control, so it has a time.
      note: note === '' ? '' : `At ${clockTime(this.#drivenAt)}: ${note}`,
      other: this.#other,
      policy: this.#control?.policy ?? 'first',
      linkPhase: this.#linkPhase,
      isFinal: this.#isFinal,
      isLocked: this.#isLocked,
      noDriveReason: this.#noDriveReason,
    };
  }

  #show() {
    const hadFocus = this.#requests.hasFocus || this.#panel.contains(document.activeElement);
    const situation = this.#situation;
    this.#showButtons(situation);
    this.#showOthers(this.#drive.phase === 'driving');
    setText(byId('drive-note'), this.#error === '' ? noteText(situation) : this.#error);
    setText(byId('joints-off'), fixedJointsText(situation));
    byId('drive-help').hidden = this.#drive.phase !== 'driving';
    if (hadFocus) {
      this.#keepFocus();
    }
  }

  /** @param {import('./control_texts.js').Situation} situation */
  #showButtons(situation) {
    const { drive, other, policy, linkPhase, noDriveReason } = situation;
    const isFree = drive.phase === 'free';
    this.#take.hidden = !isFree || noDriveReason !== '';
    this.#take.disabled = linkPhase !== 'joined' || noDriveReason !== ''
      || (other !== null && policy === 'first');
    setText(this.#take, takeText(situation));
    this.#release.hidden = isFree;
    setText(this.#release, drive.phase === 'driving' ? 'Release' : 'Withdraw the request');
  }

  /** @param {boolean} isDriving */
  #showOthers(isDriving) {
    const { drivers = [], requests = [] } = isDriving ? this.#control ?? {} : {};
    /** @param {string} id */
    const isOther = (id) => !this.#ownIds.has(id);
    this.#requests.show(requests.filter(isOther));
    this.#choice.show(drivers.filter(isOther), this.#before);
  }

  /** Move the focus to a button, because the control that had it is not shown any more. */
  #keepFocus() {
    const active = document.activeElement;
    if (active === null || active === document.body || !active.checkVisibility()) {
      (this.#take.hidden ? this.#release : this.#take).focus();
    }
  }
}
