// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file Shows the open room: its participants, who has control, its robots and its joints. */

import { byId, setText } from './dom.js';
import { HandOver } from './hand_over.js';
import { Joint } from './joint.js';
import { Participants } from './participants.js';
import { plotColours } from './plot.js';
import { RobotList } from './robot_list.js';

const FRAME_MS = 80;
const REDUCED_MOTION_FRAME_MS = 500;

/** @typedef {import('./robots.js').Robot} Robot */

/** The view of a room. It is used for one session after the other. */
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
  #reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');
  #visibility = new IntersectionObserver((entries) => this.#onVisible(entries));
  #robotList = new RobotList(byId('robots'), byId('no-robots'), (robotId, stopId) => {
    this.#session?.reset(robotId, stopId);
  });

  constructor() {
    this.participants = new Participants();
    this.handOver = new HandOver({
      onTake: () => this.#session?.take(),
      onRelease: () => this.#session?.release(),
      onGive: (to) => this.#session?.give(to),
      onRefuse: (to) => this.#session?.refuse(to),
    });
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
    this.participants.clear(session?.ids ?? new Set());
    this.handOver.clear(session?.ids ?? new Set());
    this.showPermissions();
    setText(byId('joint-form-note'), '');
    this.#showRobotList([], 0);
    this.#showCount();
    byId('room').hidden = session === null;
    byId('welcome').hidden = session !== null;
    setText(byId('room-title'), session === null ? '' : session.room);
  }

  /** Disable what the token does not allow. */
  showPermissions() {
    const why = this.#session?.noDriveReason ?? '';
    this.handOver.setNoDriveReason(why);
    // The only purpose of adding a joint is to drive it.
    byId('joint-form').hidden = byId('no-joints-add').hidden = why !== '';
    /** @type {HTMLButtonElement} */ (byId('create-missing')).disabled = why !== '';
    setText(byId('missing-off'), why && `You cannot create the room: ${why}.`);
  }

  /** @param {import('./reconnecting_link.js').LinkState} state */
  showLink({ phase, isMissing, isFinal }) {
    byId('room').dataset.phase = phase;
    this.#isJoined = phase === 'joined';
    this.handOver.setLink(phase, isFinal);
    byId('missing').hidden = !isMissing;
    if (isMissing && this.#session !== null) {
      const { room, workspace } = this.#session;
      setText(byId('missing-title'), `There is no room ${room} in workspace ${workspace}`);
    } else {
      setText(byId('missing-note'), '');
    }
    if (phase === 'lost') {
      this.#joints.forEach((joint) => joint.markStale());
    }
  }

  /** @param {import('./control_state.js').Control} control */
  showControl(control) {
    this.participants.setControl(control);
    this.handOver.setControl(control);
  }

  /** @param {import('./driver_link.js').DriveState} state */
  showDrive(state) {
    this.handOver.setDrive(state);
    this.#enableJoints();
  }

  /** @param {boolean} isLocked whether the joints are locked, because of a stop */
  setLocked(isLocked) {
    this.#isLocked = isLocked;
    this.handOver.setLocked(isLocked);
    this.#enableJoints();
  }

  /**
   * @param {Robot[]} robots
   * @param {number} now
   */
  showRobots(robots, now) {
    this.#showRobotList(robots, now);
    this.participants.tick(new Set(robots.map(({ id }) => id)), new Date());
    const named = robots.flatMap((robot) => [...robot.joints.keys(), ...robot.refused.keys()]);
    new Set(named).forEach((name) => this.#joint(name));
    for (const [name, joint] of this.#joints) {
      joint.setReports(reportsOf(robots, name), now);
      if (joint.roomValue === undefined && !joint.isReported && !joint.isAdded) {
        this.#remove(name);
      }
    }
    this.#showCount();
  }

  /**
   * Store values that the room received.
   * @param {[string, number][]} joints
   * @param {import('./session.js').Origin} origin
   */
  updateJoints(joints, origin) {
    const now = performance.now();
    if (!origin.isLive) {
      this.#keepOnly(new Set(joints.map(([name]) => name)));
    }
    for (const [name, value] of joints) {
      this.#joint(name).update(value, now, origin);
    }
    this.#showCount();
  }

  /** @param {string} id */
  #nameOf(id) {
    return this.#session?.nameOf(id) ?? id;
  }

  /** @param {Robot[]} robots @param {number} now */
  #showRobotList(robots, now) {
    /** @param {string} id */
    const nameOf = (id) => this.#nameOf(id);
    const isJoined = this.#isJoined;
    const canRequestReset = isJoined && (this.#session?.canRequestReset ?? false);
    this.#robotList.show(robots, { nameOf, isJoined, canRequestReset, now });
  }

  /**
   * Discard the values that the room has not stored, because the room may have been created again.
   * @param {Set<string>} names of the joints that the room has stored
   */
  #keepOnly(names) {
    for (const [name, joint] of this.#joints) {
      if (!names.has(name) && joint.roomValue !== undefined) {
        if (joint.isReported) {
          joint.clearValue();
        } else {
          this.#remove(name);
        }
      }
    }
  }

  /** @param {string} name */
  #remove(name) {
    const joint = this.#joints.get(name);
    if (joint !== undefined) {
      this.#visibility.unobserve(joint.element);
      joint.element.remove();
      this.#joints.delete(name);
    }
  }

  /**
   * Return a joint, which is created if there is none with this name.
   * @param {string} name
   */
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
    // A new joint has no value, so the user has to type the first one.
    if (!joint.slider.typed.disabled) {
      joint.slider.typed.focus();
    }
  }

  /** @param {string} name */
  #nameMistake(name) {
    if (name === '') {
      return 'No joint was added: type the name of the joint as it is used in the room.';
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

  /** @param {IntersectionObserverEntry[]} entries */
  #onVisible(entries) {
    for (const { target, isIntersecting } of entries) {
      const { joint = '' } = /** @type {HTMLElement} */ (target).dataset;
      this.#joints.get(joint)?.setVisible(isIntersecting);
    }
  }

  /** @param {number} now */
  #onFrame(now) {
    const frameMs = this.#reducedMotion.matches ? REDUCED_MOTION_FRAME_MS : FRAME_MS;
    if (now - this.#drawnAt >= frameMs) {
      this.#drawnAt = now;
      const colours = plotColours();
      this.#joints.forEach((joint) => joint.draw(now, colours, (id) => this.#nameOf(id)));
    }
    requestAnimationFrame((next) => this.#onFrame(next));
  }
}

/**
 * Return the report of each robot that has a joint.
 * @param {Robot[]} robots
 * @param {string} name of the joint
 * @returns {import('./readings.js').Reading[]}
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
