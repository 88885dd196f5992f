// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file The stop button, its keyboard shortcut, and the messages about emergency stops. */

import { byId, setText } from './dom.js';

/** A click within this time after a pointerdown belongs to the same press. */
const SAME_PRESS_MS = 1000;

/** Sends a stop at the first press, and shows the result of each stop. */
export class StopButton {
  #onStop;
  #alert = byId('alert');
  #stoppedRobots = byId('stopped-robots');
  #button = byId('stop');
  #pressedAt = -Infinity;
  #isNotice = false;

  /**
   * @param {() => void} onStop called at once
   * @param {() => void} onUnlock called when the user unlocks the page after a stop
   */
  constructor(onStop, onUnlock) {
    this.#onStop = onStop;
    // Stop on pointerdown, not on click: a finger that slips off the button must stop as well.
    this.#button.addEventListener('pointerdown', (event) => {
      if (event.button === 0) {
        this.#pressedAt = event.timeStamp;
        this.#onStop();
      }
    });
    this.#button.addEventListener('click', (event) => {
      // A click without a pointerdown comes from a key or a screen reader. In doubt, stop twice.
      if (event.detail === 0 || event.timeStamp - this.#pressedAt > SAME_PRESS_MS) {
        this.#onStop();
      }
    });
    window.addEventListener('keydown', (event) => this.#onKey(event), { capture: true });
    byId('unlock').addEventListener('click', onUnlock);
  }

  /** @param {boolean} isOpen whether a room is open, whose robots the button stops */
  setRoomOpen(isOpen) {
    this.#button.classList.toggle('idle', !isOpen);
    if (isOpen) {
      this.#button.removeAttribute('aria-describedby');
    } else {
      this.#button.setAttribute('aria-describedby', 'open-room');
    }
  }

  /**
   * Show the result of a stop.
   * @param {?import('./stop_status.js').StopMessage} message null: there is no stop to show
   */
  showStop(message) {
    if (message !== null) {
      this.#isNotice = false;
      this.#show(message.kind, message.title, message.text, message.canUnlock);
    } else if (!this.#isNotice) {
      this.clear();
    }
  }

  /**
   * Show which robots are stopped, unless a message about a stop is shown.
   * @param {string[]} texts one for each robot
   */
  showStoppedRobots(texts) {
    const robots = this.#stoppedRobots;
    robots.hidden = texts.length === 0 || (!this.#alert.hidden && !this.#isNotice);
    setText(robots, robots.hidden ? '' : texts.join(' '));
    document.body.classList.toggle('has-stopped-robots', !robots.hidden);
  }

  /** Show that nothing was stopped, because no room is open. */
  showNoRoom() {
    this.#showNotice(
      'idle',
      'Nothing was stopped: no room is open',
      'A stop goes to the robots of the room that is open. Open a room first.',
    );
  }

  /**
   * Show that a room was left before the arena confirmed its stop.
   * @param {string} room
   */
  showAbandoned(room) {
    this.#showNotice(
      'bad',
      `A stop may not have reached the room ${room}`,
      'You left the room before the arena confirmed the stop. Check that the robot has stopped.',
    );
  }

  /** Remove the message. */
  clear() {
    this.#isNotice = false;
    this.#alert.hidden = true;
    byId('locked').hidden = true;
    delete document.body.dataset.alert;
  }

  /**
   * Escape is in the corner of each keyboard, enters no text, and has no other use on this page.
   * The space bar stops on keydown, because the browser would send the click only on keyup.
   * @param {KeyboardEvent} event
   */
  #onKey(event) {
    const isSpace = event.key === ' ' && event.target === this.#button;
    if (event.key === 'Escape' || isSpace) {
      event.preventDefault();
      if (!event.repeat) {
        this.#onStop();
      }
    }
  }

  /** @param {string} kind @param {string} title @param {string} text */
  #showNotice(kind, title, text) {
    this.#isNotice = true;
    this.#show(kind, title, text, false);
  }

  /** @param {string} kind @param {string} title @param {string} text @param {boolean} canUnlock */
  #show(kind, title, text, canUnlock) {
    this.#alert.hidden = false;
    this.#alert.dataset.kind = kind;
    byId('locked').hidden = !canUnlock;
    document.body.dataset.alert = kind;
    setText(byId('alert-title'), title);
    setText(byId('alert-text'), text);
  }
}
