/** @file The room that is open, on the page: who is in it, its joints, and control of them. */

import { byId, setText } from './dom.js';
import { Joint } from './joint.js';
import { inksOfPage } from './plot.js';

const FRAME_MS = 80;
const CALM_FRAME_MS = 500;

/** Shows one session after the other. */
export class RoomView {
  /** @type {?import('./session.js').Session} */
  #session = null;
  /** @type {Map<string, Joint>} */
  #joints = new Map();
  #isLocked = false;
  #drawnAt = 0;
  #note = '';
  #list = byId('joints');
  #unit = /** @type {HTMLSelectElement} */ (byId('unit'));
  #take = /** @type {HTMLButtonElement} */ (byId('take'));
  #release = /** @type {HTMLButtonElement} */ (byId('release'));
  #calm = matchMedia('(prefers-reduced-motion: reduce)');
  #visibility = new IntersectionObserver((entries) => this.#onVisible(entries));

  constructor() {
    this.#take.addEventListener('click', () => this.#session?.take());
    this.#release.addEventListener('click', () => this.#session?.release());
    this.#unit.addEventListener('change', () => {
      this.#joints.forEach((joint) => joint.setUnit(this.#unit.value));
    });
    byId('joint-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#addByName();
    });
    requestAnimationFrame((now) => this.#onFrame(now));
  }

  /**
   * Show a session, or none.
   * @param {?import('./session.js').Session} session
   */
  open(session) {
    this.#session = session;
    this.#isLocked = false;
    this.#joints.clear();
    this.#visibility.disconnect();
    this.#list.replaceChildren();
    this.showPeople(null);
    this.showDrive({ phase: 'free', note: '' });
    this.#showCount();
    byId('room').hidden = session === null;
    byId('welcome').hidden = session !== null;
    setText(byId('room-title'), session === null ? '' : session.room);
  }

  /** @param {?import('./rest.js').RoomInfo} info null where nobody knows */
  showPeople(info) {
    const named = (id) => (this.#session?.ids.has(id) ? `${id} (this page)` : id);
    const producer = info?.producer ?? null;
    setText(byId('producer'), producer === null ? 'nobody' : named(producer));
    const names = (info?.consumers ?? []).map(named);
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

  /** @param {import('./driver.js').DriveState} state */
  showDrive({ phase, note }) {
    const isDriving = phase === 'driving';
    const hadFocus = [this.#take, this.#release].includes(document.activeElement);
    this.#take.hidden = isDriving;
    this.#release.hidden = !isDriving;
    this.#take.disabled = phase === 'asking';
    setText(this.#take, phase === 'asking' ? 'Asking for control…' : 'Take control');
    this.#note = isDriving ? 'This page drives. Nothing moves before you do.' : note;
    this.#showNote();
    byId('drive-help').hidden = !isDriving;
    if (hadFocus) {
      (isDriving ? this.#release : this.#take).focus();
    }
    this.#enableJoints();
  }

  /** @param {string} text what the server complains of */
  showComplaint(text) {
    setText(byId('drive-note'), `The server says: ${text}`);
  }

  /** @param {boolean} isLocked nothing is to be moved, for there was a stop */
  setLocked(isLocked) {
    this.#isLocked = isLocked;
    this.#showNote();
    this.#enableJoints();
  }

  /** The link is lost. */
  loseSight() {
    this.#joints.forEach((joint) => joint.loseSight());
  }

  /**
   * @param {[string, number][]} joints
   * @param {{isLive: boolean, isOurs: boolean}} origin
   */
  hear(joints, origin) {
    const now = performance.now();
    if (!origin.isLive) {
      this.#keepOnly(new Set(joints.map(([name]) => name)));
    }
    for (const [name, value] of joints) {
      this.#joint(name).hear(value, now, origin);
    }
  }

  /** What the room remembers is all that it has: it may have been made anew. */
  #keepOnly(names) {
    for (const [name, joint] of this.#joints) {
      if (!names.has(name) && joint.heard !== undefined) {
        this.#visibility.unobserve(joint.element);
        joint.element.remove();
        this.#joints.delete(name);
      }
    }
    this.#showCount();
  }

  #joint(name) {
    let joint = this.#joints.get(name);
    if (joint === undefined) {
      joint = new Joint(name, (which, value) => this.#session?.move(which, value));
      joint.setUnit(this.#unit.value);
      joint.setDriving(this.#mayMove());
      joint.element.dataset.joint = name;
      this.#joints.set(name, joint);
      this.#list.append(joint.element);
      this.#visibility.observe(joint.element);
      this.#showCount();
    }
    return joint;
  }

  #addByName() {
    const field = /** @type {HTMLInputElement} */ (byId('new-joint'));
    const name = field.value.trim();
    if (name === '' || this.#session === null) {
      return;
    }
    const { typed } = this.#joint(name);
    field.value = '';
    // It has no value before the first one is typed.
    if (!typed.disabled) {
      typed.focus();
    }
  }

  #showNote() {
    const isHalted = this.#isLocked && this.#session?.isDriving;
    setText(byId('drive-note'), isHalted ? 'Locked since the stop.' : this.#note);
  }

  #mayMove() {
    return !this.#isLocked && (this.#session?.isDriving ?? false);
  }

  #enableJoints() {
    const mayMove = this.#mayMove();
    this.#joints.forEach((joint) => joint.setDriving(mayMove));
  }

  #showCount() {
    byId('no-joints').hidden = this.#joints.size > 0;
  }

  #onVisible(entries) {
    for (const { target, isIntersecting } of entries) {
      this.#joints.get(target.dataset.joint)?.setVisible(isIntersecting);
    }
  }

  #onFrame(now) {
    if (now - this.#drawnAt >= (this.#calm.matches ? CALM_FRAME_MS : FRAME_MS)) {
      this.#drawnAt = now;
      const inks = inksOfPage();
      this.#joints.forEach((joint) => joint.draw(now, inks));
    }
    requestAnimationFrame((next) => this.#onFrame(next));
  }
}
