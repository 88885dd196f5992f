/** @file The room that is open, on the page: its people, its robots and its joints. */

import { byId, setText } from './dom.js';
import { Joint } from './joint.js';
import { People } from './people.js';
import { inksOfPage } from './plot.js';
import { RobotList } from './robot_list.js';

const FRAME_MS = 80;
const CALM_FRAME_MS = 500;

/** Shows one session after the other. */
export class RoomView {
  /** @type {?import('./session.js').Session} */
  #session = null;
  /** @type {Map<string, Joint>} */
  #joints = new Map();
  #isLocked = false;
  #isJoined = false;
  #drawnAt = 0;
  #list = byId('joints');
  #choice = /** @type {HTMLSelectElement} */ (byId('unit'));
  #calm = matchMedia('(prefers-reduced-motion: reduce)');
  #visibility = new IntersectionObserver((entries) => this.#onVisible(entries));
  #robotList = new RobotList(byId('robots'), byId('no-robots'), (robotId, stopId) => {
    this.#session?.reset(robotId, stopId);
  });

  constructor() {
    this.people = new People(() => this.#session?.take(), () => this.#session?.release());
    this.#choice.addEventListener('change', () => {
      this.#joints.forEach((joint) => joint.setChoice(this.#choice.value));
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
    this.people.clear(session?.ids ?? new Set());
    this.showPermit();
    setText(byId('joint-form-note'), '');
    this.#showRobotList([], 0);
    this.#showCount();
    byId('room').hidden = session === null;
    byId('welcome').hidden = session !== null;
    setText(byId('room-title'), session === null ? '' : session.room);
  }

  /** Offer no more than the token allows. */
  showPermit() {
    const why = this.#session?.whyNoDrive ?? '';
    this.people.setWhyNoDrive(why);
    // A joint is added to be driven.
    byId('joint-form').hidden = byId('no-joints-add').hidden = why !== '';
    byId('create-missing').disabled = why !== '';
    setText(byId('missing-off'), why && `You cannot create the room: ${why}.`);
  }

  /** @param {import('./watch.js').LinkState} state */
  showLink({ phase, isMissing, isFinal }) {
    byId('room').dataset.phase = phase;
    this.#isJoined = phase === 'joined';
    this.people.setLink(phase, isFinal);
    byId('missing').hidden = !isMissing;
    if (isMissing) {
      const { room, workspace } = this.#session;
      setText(byId('missing-title'), `There is no room ${room} in workspace ${workspace}`);
    } else {
      setText(byId('missing-note'), '');
    }
    if (phase === 'lost') {
      this.#joints.forEach((joint) => joint.loseSight());
    }
  }

  /** @param {import('./driver.js').DriveState} state */
  showDrive(state) {
    this.people.showDrive(state);
    this.#enableJoints();
  }

  /** @param {boolean} isLocked whether nothing is to be moved, because there was a stop */
  setLocked(isLocked) {
    this.#isLocked = isLocked;
    this.people.setLocked(isLocked);
    this.#enableJoints();
  }

  /**
   * @param {import('./robots.js').Robot[]} robots
   * @param {number} now
   */
  showRobots(robots, now) {
    this.#showRobotList(robots, now);
    this.people.tick(new Set(robots.map(({ id }) => id)), new Date());
    const named = robots.flatMap((robot) => [...robot.joints.keys(), ...robot.refused.keys()]);
    new Set(named).forEach((name) => this.#joint(name));
    for (const [name, joint] of this.#joints) {
      joint.setReports(reportsOf(robots, name), now);
      if (joint.told === undefined && !joint.isMeasured && !joint.isAdded) {
        this.#remove(name);
      }
    }
    this.#showCount();
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
    this.#showCount();
  }

  #showRobotList(robots, now) {
    const nameOf = (id) => this.#session?.nameOf(id) ?? id;
    const isJoined = this.#isJoined;
    const canAsk = isJoined && (this.#session?.canAskForReset ?? false);
    this.#robotList.show(robots, { nameOf, isJoined, canAsk, now });
  }

  /** What the room remembers is all that it was told: it may have been created anew. */
  #keepOnly(names) {
    for (const [name, joint] of this.#joints) {
      if (!names.has(name) && joint.told !== undefined) {
        if (joint.isMeasured) {
          joint.forget();
        } else {
          this.#remove(name);
        }
      }
    }
  }

  #remove(name) {
    const { element } = this.#joints.get(name);
    this.#visibility.unobserve(element);
    element.remove();
    this.#joints.delete(name);
  }

  #joint(name) {
    let joint = this.#joints.get(name);
    if (joint === undefined) {
      joint = new Joint(name, (which, value) => this.#session?.move(which, value));
      joint.setChoice(this.#choice.value);
      joint.setDriving(this.#mayMove());
      joint.element.dataset.joint = name;
      this.#joints.set(name, joint);
      this.#list.append(joint.element);
      this.#visibility.observe(joint.element);
    }
    return joint;
  }

  #addByName() {
    const field = /** @type {HTMLInputElement} */ (byId('new-joint'));
    const name = field.value.trim();
    const mistake = this.#nameMistake(name);
    setText(byId('joint-form-note'), mistake);
    field.setAttribute('aria-invalid', String(mistake !== ''));
    if (mistake !== '' || this.#session === null) {
      return;
    }
    const joint = this.#joint(name);
    joint.isAdded = true;
    field.value = '';
    this.#showCount();
    // It has no value before the first one is typed.
    if (!joint.slider.typed.disabled) {
      joint.slider.typed.focus();
    }
  }

  #nameMistake(name) {
    if (name === '') {
      return 'No joint was added: type the name of the joint, as the robot has it in the room.';
    }
    return this.#joints.has(name) ? `No joint was added: ${name} is listed already.` : '';
  }

  #mayMove() {
    return !this.#isLocked && (this.#session?.isDriving ?? false);
  }

  #enableJoints() {
    const mayMove = this.#mayMove();
    this.#joints.forEach((joint) => joint.setDriving(mayMove));
  }

  #showCount() {
    const joints = [...this.#joints.values()];
    byId('no-joints').hidden = joints.length > 0;
    byId('joints-off').hidden = joints.length === 0;
    byId('range-choice').hidden = joints.length > 0 && joints.every((joint) => joint.hasLimits);
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
      const nameOf = (id) => this.#session?.nameOf(id) ?? id;
      this.#joints.forEach((joint) => joint.draw(now, inks, nameOf));
    }
    requestAnimationFrame((next) => this.#onFrame(next));
  }
}

/**
 * @param {import('./robots.js').Robot[]} robots
 * @param {string} name of a joint
 * @returns {import('./joint.js').Reading[]}
 */
function reportsOf(robots, name) {
  return robots
    .filter(({ joints, refused }) => joints.has(name) || refused.has(name))
    .map((robot) => ({
      robot,
      joint: robot.joints.get(name) ?? null,
      refusal: robot.refused.get(name) ?? null,
    }));
}
