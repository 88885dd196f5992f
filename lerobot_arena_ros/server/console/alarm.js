/** @file The stop button, its key, and the messages about stops. */

import { byId, setText } from './dom.js';

/** A click so soon after a pointer came down is the end of the same press. */
const SAME_PRESS_MS = 1000;

/** Stops by one press, whatever else the page does, and shows what became of each stop. */
export class Alarm {
  #onStop;
  #alert = byId('alert');
  #halted = byId('halted');
  #button = byId('stop');
  #pressedAt = -Infinity;
  #isNotice = false;

  /**
   * @param {() => void} onStop called at once
   * @param {() => void} onClear the user wants to go on
   */
  constructor(onStop, onClear) {
    this.#onStop = onStop;
    // The press counts, not its end: a finger that slips off has stopped all the same.
    this.#button.addEventListener('pointerdown', (event) => {
      if (event.button === 0) {
        this.#pressedAt = event.timeStamp;
        this.#onStop();
      }
    });
    this.#button.addEventListener('click', (event) => {
      // A click without a pointer before it comes from a key or a screen reader. Better one stop
      // too many than none.
      if (event.detail === 0 || event.timeStamp - this.#pressedAt > SAME_PRESS_MS) {
        this.#onStop();
      }
    });
    window.addEventListener('keydown', (event) => this.#onKey(event), { capture: true });
    byId('clear').addEventListener('click', onClear);
  }

  /** @param {boolean} isOpen whether a room is open, whose robots the button stops */
  setRoomOpen(isOpen) {
    this.#button.classList.toggle('idle', !isOpen);
    if (isOpen) {
      this.#button.removeAttribute('aria-describedby');
    } else {
      this.#button.setAttribute('aria-describedby', 'where');
    }
  }

  /**
   * Show what became of a stop.
   * @param {?import('./stop_news.js').StopWords} words null: there is no message
   */
  showStop(words) {
    if (words !== null) {
      this.#isNotice = false;
      this.#show(words.kind, words.title, words.text, words.isOver);
    } else if (!this.#isNotice) {
      this.clear();
    }
  }

  /**
   * Show which robots are stopped, unless a message about a stop is shown.
   * @param {string[]} texts one of each robot
   */
  showHalted(texts) {
    this.#halted.hidden = texts.length === 0 || (!this.#alert.hidden && !this.#isNotice);
    setText(this.#halted, this.#halted.hidden ? '' : texts.join(' '));
    document.body.classList.toggle('has-halted', !this.#halted.hidden);
  }

  /** Show that there is no robot to stop. */
  showNoRoom() {
    this.#notice(
      'idle',
      'Nothing was stopped: no room is open',
      'A stop goes to the robots of the room that is open. Open a room first.',
    );
  }

  /**
   * Show that a room was left before its stop was known to have reached it.
   * @param {string} room
   */
  showAbandoned(room) {
    this.#notice(
      'bad',
      `A stop may not have reached the room ${room}`,
      'You left the room before the arena confirmed the stop. Check that the robot has stopped.',
    );
  }

  /** Remove the message. */
  clear() {
    this.#isNotice = false;
    this.#alert.hidden = true;
    byId('aftermath').hidden = true;
    delete document.body.dataset.alarm;
  }

  /**
   * Escape is in the corner of each keyboard, enters no text, and has no other use here. The space
   * bar on the button stops when it goes down; the browser would wait until it comes up.
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

  #notice(kind, title, text) {
    this.#isNotice = true;
    this.#show(kind, title, text, false);
  }

  #show(kind, title, text, canUnlock) {
    this.#alert.hidden = false;
    this.#alert.dataset.kind = kind;
    byId('aftermath').hidden = !canUnlock;
    document.body.dataset.alarm = kind;
    setText(byId('alert-title'), title);
    setText(byId('alert-text'), text);
  }
}
