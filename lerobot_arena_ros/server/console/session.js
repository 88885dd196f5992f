/** @file This page in one room: the messages that it receives and sends there. */

import { Driver } from './driver.js';
import { StopOrder } from './stop.js';
import { Watch } from './watch.js';

/** How many stops of others are remembered, to recognize them when they are reported again. */
const KNOWN_STOPS = 50;

/**
 * An emergency stop of the room.
 * @typedef {object} RoomStop
 * @property {string} source participant id of the sender
 * @property {string} reason
 * @property {Date} at
 */

/**
 * Handlers of a session.
 * @typedef {object} SessionHandlers
 * @property {(state: import('./watch.js').LinkState) => void} onLink
 * @property {(ms: number, hasProducer: ?boolean) => void} onRoundTrip
 * @property {(state: import('./driver.js').DriveState) => void} onDrive
 * @property {(joints: [string, number][], origin: {isLive: boolean, isOurs: boolean}) => void}
 *     onJoints
 * @property {(source: string, data: ?object) => void} onRobot the state of a robot; null: it left
 * @property {(state: import('./stop.js').StopState) => void} onOwnStop
 * @property {(stop: RoomStop) => void} onOtherStop a stop that this page did not send
 * @property {(stop: RoomStop) => void} onLastStop the last stop of the room, also one of this page
 * @property {(text: string) => void} onComplaint
 * @property {() => void} onTokenWanted
 */

/** Watches a room for as long as it is open, drives it when asked to, and stops it at any time. */
export class Session {
  #arena;
  #handlers;
  #knownStops = new Set();
  #hasJoined = false;
  #watch;
  #driver;
  #stop;

  /**
   * @param {import('./rest.js').Arena} arena
   * @param {string} workspace
   * @param {string} room
   * @param {string} participantId of the consumer; that of the producer is derived from it
   * @param {SessionHandlers} handlers
   */
  constructor(arena, workspace, room, participantId, handlers) {
    this.workspace = workspace;
    this.room = room;
    this.ids = new Set([participantId, `${participantId}-driver`]);
    this.#arena = arena;
    this.#handlers = handlers;
    this.#stop = new StopOrder(() => this.#links(), handlers.onOwnStop);
    const onMessage = (message) => this.#onMessage(message);
    const [watcherId, driverId] = this.ids;
    this.#driver = new Driver(arena, workspace, room, driverId, {
      onState: (state) => this.#onDrive(state),
      onMessage,
    });
    this.#watch = new Watch(arena, workspace, room, watcherId, {
      onState: (state, joined) => this.#onLink(state, joined),
      onMessage,
      onRoundTrip: handlers.onRoundTrip,
      onTokenWanted: handlers.onTokenWanted,
    });
  }

  get isDriving() {
    return this.#driver.isDriving;
  }

  /** Whether a stop is not known to have reached the room. */
  get owesStop() {
    return this.#stop.isOwed;
  }

  /** Why this page may not drive the room, a part of a sentence; empty: it may. */
  get whyNoDrive() {
    return this.#arena.permit.whyNoDrive;
  }

  /** Whether this page can ask robots to reset their stop. */
  get canAskForReset() {
    return this.#watch.link.has('remote_reset');
  }

  /**
   * Return how the page names a participant, or the source of a stop, which a bridge writes as
   * "console-1a2b in the consume room".
   * @param {string} source
   */
  nameOf(source) {
    const [id, ...where] = source.split(' ');
    return this.ids.has(id) ? ['this page', ...where].join(' ') : source;
  }

  /** Take control; moves nothing. */
  take() {
    this.#driver.take();
  }

  /** Give control back. */
  release() {
    this.#driver.release();
  }

  /**
   * @param {string} name
   * @param {number} value
   */
  move(name, value) {
    this.#driver.move(name, value);
  }

  /** Stop all robots of the room, and send no more joint values from here. */
  stop() {
    this.#driver.lock(true);
    this.#stop.press();
  }

  /** Send joint values again, after a stop. */
  unlock() {
    this.#driver.lock(false);
  }

  /**
   * Ask a robot to reset its stop; its next state shows the result.
   * @param {string} robotId
   * @param {string} stopId of the stop in the robot's state
   */
  reset(robotId, stopId) {
    this.#watch.link.send({ type: 'reset_stop', to: robotId, stop: stopId });
  }

  /** The network may be back, or the room may exist now. */
  retryNow() {
    this.#watch.retryNow();
  }

  /** The page is shown again: whether its links live is not known until they are asked. */
  checkLinks() {
    this.#links().forEach((link) => link.beatNow());
  }

  /** The browser is about to freeze the page, which then neither drives nor receives stops. */
  freeze() {
    this.#driver.drop('Control was given back, because the browser paused this page.');
    this.#watch.suspend();
  }

  /** The page runs again; the server reports a stop that was raised meanwhile. */
  resume() {
    this.#watch.resume();
  }

  /** Leave the room. */
  close() {
    this.#stop.forget();
    this.#driver.close();
    this.#watch.close();
  }

  #links() {
    return [this.#watch?.link, this.#driver.link].filter((link) => link !== null && link !== undefined);
  }

  #onLink(state, joined) {
    this.#handlers.onLink(state);
    if (joined !== null) {
      this.#onLastStop(joined.last_stop);
      this.#hasJoined = true;
      this.#stop.onJoined();
    }
  }

  #onDrive(state) {
    this.#handlers.onDrive(state);
    if (state.phase === 'driving') {
      this.#stop.onJoined();
    }
  }

  #onMessage(message) {
    switch (message.type) {
      case 'state_sync':
        this.#onJoints(Object.entries(message.data ?? {}), { isLive: false, isOurs: false });
        break;
      case 'joint_update':
        this.#onUpdate(message);
        break;
      case 'robot_state':
        this.#handlers.onRobot(String(message.source), message.data ?? null);
        break;
      case 'emergency_stop':
        this.#onStop(message);
        break;
      case 'error':
        this.#handlers.onComplaint(String(message.message));
        break;
      default:
    }
  }

  #onUpdate({ data, source }) {
    const joints = Array.isArray(data) ? data.map(({ name, value }) => [String(name), value]) : [];
    this.#onJoints(joints, { isLive: true, isOurs: this.ids.has(source) });
  }

  /** The public server passes on values that are no numbers; they are not shown. */
  #onJoints(joints, origin) {
    this.#handlers.onJoints(joints.filter(([, value]) => Number.isFinite(value)), origin);
  }

  #onStop(message) {
    const stop = readStop(message, new Date());
    const isNew = this.#isNew(message);
    if (this.ids.has(stop.source)) {
      this.#stop.onEcho();
      this.#handlers.onLastStop(stop);
    } else if (isNew) {
      this.#onOther(stop);
    }
  }

  /**
   * At the first join it is history; at a later one it was raised while this page was away. Then
   * another participant may have had an id of this page, so the source does not matter.
   */
  #onLastStop(message) {
    if (typeof message !== 'object' || message === null) {
      return;
    }
    const stop = readStop(message, new Date(Date.now() - Number(message.age_s) * 1000));
    if (this.#isNew(message) && this.#hasJoined) {
      this.#onOther(stop);
    } else {
      this.#handlers.onLastStop(stop);
    }
  }

  #onOther(stop) {
    this.#driver.lock(true);
    this.#handlers.onLastStop(stop);
    this.#handlers.onOtherStop(stop);
  }

  /** Both links of this page receive each stop, and a join reports it again. */
  #isNew({ source, timestamp }) {
    const key = JSON.stringify([source, timestamp]);
    if (this.#knownStops.has(key)) {
      return false;
    }
    this.#knownStops.add(key);
    if (this.#knownStops.size > KNOWN_STOPS) {
      this.#knownStops.delete(this.#knownStops.values().next().value);
    }
    return true;
  }
}

/** @returns {RoomStop} */
function readStop({ source, reason }, at) {
  return { source: String(source), reason: String(reason ?? ''), at };
}
