/** @file This page in one room: what it hears there, and what it says. */

import { Driver } from './driver.js';
import { StopOrder } from './stop.js';
import { Watch } from './watch.js';

/** Of the stops of others, how many are remembered to know them again. */
const KNOWN_STOPS = 50;

/**
 * What a session tells.
 * @typedef {object} SessionHandlers
 * @property {(state: import('./watch.js').LinkState) => void} onLink
 * @property {(ms: number, hasProducer: ?boolean) => void} onRoundTrip
 * @property {(state: import('./driver.js').DriveState) => void} onDrive
 * @property {(joints: [string, number][], origin: {isLive: boolean, isOurs: boolean}) => void}
 *     onJoints
 * @property {(state: import('./stop.js').StopState) => void} onOwnStop
 * @property {(stop: {source: string, reason: string}) => void} onOtherStop
 * @property {(text: string) => void} onComplaint
 * @property {() => void} onTokenWanted
 */

/** Watches a room for as long as it is open, drives it when asked to, and stops it at any time. */
export class Session {
  #handlers;
  #knownStops = new Set();
  #watch;
  #driver;
  #stop;

  /**
   * @param {import('./rest.js').Arena} arena
   * @param {string} workspace
   * @param {string} room
   * @param {string} participantId of the consumer; the producer's is made of it
   * @param {SessionHandlers} handlers
   */
  constructor(arena, workspace, room, participantId, handlers) {
    this.workspace = workspace;
    this.room = room;
    this.ids = new Set([participantId, `${participantId}-drives`]);
    this.#handlers = handlers;
    this.#stop = new StopOrder(() => this.#links(), handlers.onOwnStop);
    const onMessage = (message) => this.#onMessage(message);
    const [watcherId, driverId] = this.ids;
    this.#driver = new Driver(arena, workspace, room, driverId, {
      onState: (state) => this.#onDrive(state),
      onMessage,
    });
    this.#watch = new Watch(arena, workspace, room, watcherId, {
      onState: (state) => this.#onLink(state),
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

  /** Take the producer's slot; moves nothing. */
  take() {
    this.#driver.take();
  }

  /** Give the slot back. */
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

  /** Stop everybody in the room, and send nothing more from here. */
  stop() {
    this.#driver.lock(true);
    this.#stop.press();
  }

  /** Send again what the user moves, after a stop. */
  unlock() {
    this.#driver.lock(false);
  }

  /** The network may be back. */
  retryNow() {
    this.#watch.retryNow();
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

  #onLink(state) {
    this.#handlers.onLink(state);
    if (state.phase === 'joined') {
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

  /** What is no number, as an upstream server passes on, is not shown as one. */
  #onJoints(joints, origin) {
    this.#handlers.onJoints(joints.filter(([, value]) => Number.isFinite(value)), origin);
  }

  /** Both links hear each stop. */
  #onStop({ source, reason, timestamp }) {
    if (this.ids.has(source)) {
      this.#stop.onEcho();
      return;
    }
    const key = JSON.stringify([source, timestamp]);
    if (this.#knownStops.has(key)) {
      return;
    }
    this.#knownStops.add(key);
    if (this.#knownStops.size > KNOWN_STOPS) {
      this.#knownStops.delete(this.#knownStops.values().next().value);
    }
    this.#driver.lock(true);
    this.#handlers.onOtherStop({ source: String(source), reason: String(reason ?? '') });
  }
}
