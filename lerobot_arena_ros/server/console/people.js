/** @file Who is in the open room, who drives it, and its last stop. */

import { agoText, byId, clockTime, setText } from './dom.js';
import { holderText } from './driver.js';
import { sentence } from './robots.js';

/** The panel at the top of a room, with the button that takes control. */
export class People {
  #take = /** @type {HTMLButtonElement} */ (byId('take'));
  #release = /** @type {HTMLButtonElement} */ (byId('release'));
  #ids = new Set();
  /** @type {?import('./rest.js').RoomInfo} */
  #info = null;
  #robotIds = new Set();
  /** @type {import('./driver.js').DriveState} */
  #drive = { phase: 'free', note: '' };
  /** @type {import('./watch.js').LinkState['phase']} */
  #linkPhase = 'connecting';
  #isFinal = false;
  #isLocked = false;
  #whyNoDrive = '';
  /** @type {?import('./session.js').RoomStop} */
  #lastStop = null;
  #complaint = '';

  /**
   * @param {() => void} onTake
   * @param {() => void} onRelease
   */
  constructor(onTake, onRelease) {
    this.#take.addEventListener('click', onTake);
    this.#release.addEventListener('click', onRelease);
  }

  /** How many viewers there are beside this page; null where it is not known. */
  get viewers() {
    return this.#info === null
      ? null
      : this.#info.consumers.filter((id) => !this.#ids.has(id)).length;
  }

  /**
   * Show another room, of which nothing is known yet.
   * @param {Set<string>} ids of this page
   */
  clear(ids) {
    this.#ids = ids;
    this.#robotIds = new Set();
    this.#drive = { phase: 'free', note: '' };
    this.#linkPhase = 'connecting';
    this.#isLocked = false;
    this.#lastStop = null;
    this.#complaint = '';
    this.showInfo(null);
    this.#showLastStop(new Date());
  }

  /** @param {?import('./rest.js').RoomInfo} info null where it is not known */
  showInfo(info) {
    this.#info = info;
    const producer = info?.producer ?? null;
    setText(byId('producer'), producer === null ? 'No driver' : this.#named(producer));
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

  /** @param {import('./driver.js').DriveState} state */
  showDrive(state) {
    this.#drive = state;
    this.#complaint = '';
    const isDriving = state.phase === 'driving';
    const hadFocus = [this.#take, this.#release].includes(document.activeElement);
    this.#showControl();
    if (hadFocus) {
      (isDriving ? this.#release : this.#take).focus();
    }
  }

  /**
   * @param {import('./watch.js').LinkState['phase']} phase
   * @param {boolean} isFinal whether a lost link does not come back by itself
   */
  setLink(phase, isFinal) {
    this.#linkPhase = phase;
    this.#isFinal = isFinal;
    this.#showControl();
  }

  /** @param {boolean} isLocked whether nothing is sent, because there was a stop */
  setLocked(isLocked) {
    this.#isLocked = isLocked;
    this.#showControl();
  }

  /** @param {string} why the token lets this page not drive, a part of a sentence; empty: it may */
  setWhyNoDrive(why) {
    this.#whyNoDrive = why;
    this.#showControl();
  }

  /** @param {import('./session.js').RoomStop} stop */
  setLastStop(stop) {
    this.#lastStop = stop;
    this.#showLastStop(new Date());
  }

  /** @param {string} text what the server complains of */
  showComplaint(text) {
    this.#complaint = `The server says: ${text}`;
    this.#showControl();
  }

  /** Another participant that drives the room; null: none is known. */
  get #holder() {
    const producer = this.#info?.producer ?? null;
    return producer === null || this.#ids.has(producer) ? null : producer;
  }

  #showControl() {
    const { phase, note } = this.#drive;
    const isDriving = phase === 'driving';
    const isTaken = this.#holder !== null;
    this.#take.hidden = isDriving;
    this.#release.hidden = !isDriving;
    const isJoined = this.#linkPhase === 'joined';
    const isOff = phase === 'asking' || !isJoined || isTaken || this.#whyNoDrive !== '';
    this.#take.disabled = isOff;
    setText(this.#take, phase === 'asking' ? 'Asking for control…' : 'Take control');
    byId('drive-help').hidden = !isDriving;
    let text = note;
    if (this.#complaint !== '') {
      text = this.#complaint;
    } else if (isDriving) {
      text = this.#isLocked
        ? 'This page drives, but is locked since the stop.'
        : 'This page drives. A joint moves only when you move it.';
    } else if (!isJoined) {
      text = `${note} ${this.#linkText()}`.trim();
    } else if (this.#whyNoDrive !== '') {
      text = `You cannot take control: ${this.#whyNoDrive}.`;
    } else if (isTaken) {
      text = holderText(this.#holder);
    }
    setText(byId('drive-note'), text);
    setText(byId('joints-off'), this.#offText());
  }

  #linkText() {
    const comesBack = this.#linkPhase === 'lost' && !this.#isFinal;
    return comesBack ? 'Control can be taken when the link is back.' : '';
  }

  /** Why the controls of the joints are off; empty where they are on. */
  #offText() {
    if (this.#linkPhase !== 'joined') {
      return 'The joints cannot be moved: the link is lost. Values are old.';
    }
    if (this.#isLocked) {
      return 'The joints cannot be moved: this page is locked since the stop. Unlock it first.';
    }
    if (this.#drive.phase === 'driving') {
      return '';
    }
    if (this.#whyNoDrive !== '') {
      return `The joints cannot be moved: ${this.#whyNoDrive}.`;
    }
    return this.#holder === null
      ? 'The joints cannot be moved: nobody drives from this page. Press Take control.'
      : `The joints cannot be moved: ${this.#holder} drives this room.`;
  }

  #showViewers() {
    const names = (this.#info?.consumers ?? []).map((id) => this.#named(id));
    const list = byId('consumers');
    const shown = [...list.children].map((item) => item.textContent);
    if (names.join('\n') !== shown.join('\n')) {
      list.replaceChildren(...names.map((name) => {
        const item = document.createElement('li');
        item.textContent = name;
        return item;
      }));
    }
  }

  #showLastStop(now) {
    const stop = this.#lastStop;
    byId('last-stop-row').hidden = stop === null;
    if (stop !== null) {
      const who = this.#ids.has(stop.source) ? 'this page' : stop.source;
      const ago = agoText(now.getTime() - stop.at.getTime());
      const why = stop.reason === '' ? 'no reason was given' : stop.reason;
      setText(byId('last-stop'), `${clockTime(stop.at)} (${ago} ago) by ${who}: ${sentence(why)}`);
    }
  }

  #named(id) {
    if (this.#ids.has(id)) {
      return `${id} (this page)`;
    }
    return this.#robotIds.has(id) ? `${id} (robot)` : id;
  }
}
