/** @file The stop button, its key, and what became of a stop, in plain words. */

import { byId, clockTime, setText } from './dom.js';

/** A click so soon after a pointer came down is the end of the same press. */
const SAME_PRESS_MS = 1000;

/** Stops by one press, whatever else the page is about, and tells of the stops of all. */
export class Alarm {
  #onStop;
  #alert = byId('alert');
  #button = byId('stop');
  #pressedAt = -Infinity;

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
      // A click that no pointer has begun is that of a key, or of a screen reader. Better one
      // stop too many than none.
      if (event.detail === 0 || event.timeStamp - this.#pressedAt > SAME_PRESS_MS) {
        this.#onStop();
      }
    });
    window.addEventListener('keydown', (event) => this.#onKey(event), { capture: true });
    byId('clear').addEventListener('click', onClear);
  }

  /**
   * Say what became of a stop that was pressed here.
   * @param {import('./stop.js').StopState} state
   */
  showOwn({ phase, pressedAt, tripMs }) {
    const time = clockTime(pressedAt);
    switch (phase) {
      case 'unsent':
        this.#show(
          'bad',
          'The stop is NOT sent: the link is down',
          `Pressed at ${time}. It goes out as soon as the link is back. Until then use the stop of`
            + ' the robot itself.',
        );
        break;
      case 'sent':
        this.#show(
          'bad',
          'Stop sent, not confirmed yet',
          `Pressed at ${time}. If the robot still moves, use its own stop.`,
        );
        break;
      default:
        this.#show(
          'stopped',
          'Stopped from this page',
          `Pressed at ${time}; ${Math.max(1, Math.round(tripMs))} ms after it was sent, the arena`
            + ' passed it on to everybody in the room. See that the robot stands.',
        );
    }
  }

  /**
   * @param {string} source who stopped
   * @param {string} reason
   */
  showOther(source, reason) {
    const time = clockTime(new Date());
    const why = reason === '' ? 'No reason was given.' : `Reason: ${reason}`;
    this.#show('stopped', `Stopped by ${source}`, `Heard at ${time}. ${why}`);
  }

  /** Say that nobody can be stopped. */
  showNobody() {
    this.#show('idle', 'No room is open', 'There is nobody to stop: open a room first.');
  }

  /**
   * Say that a room was left before its stop was known to have reached it.
   * @param {string} room
   */
  showAbandoned(room) {
    this.#show(
      'bad',
      `A stop may not have reached the room ${room}`,
      'It was left before the arena confirmed the stop.',
    );
  }

  /** Say nothing more. */
  clear() {
    this.#alert.hidden = true;
    byId('aftermath').hidden = true;
    delete document.body.dataset.alarm;
  }

  /** Escape is in the corner, is no part of any text, and nothing else here uses it. */
  #onKey(event) {
    if (event.key === 'Escape' && !event.repeat) {
      event.preventDefault();
      this.#onStop();
    }
  }

  #show(kind, title, text) {
    this.#alert.hidden = false;
    this.#alert.dataset.kind = kind;
    byId('aftermath').hidden = kind !== 'stopped';
    document.body.dataset.alarm = kind;
    setText(byId('alert-title'), title);
    setText(byId('alert-text'), text);
  }
}
