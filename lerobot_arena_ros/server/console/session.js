// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file This page in one room: the messages that it receives and sends there. */

import { readControl } from './control_state.js';
import { DriverLink } from './driver_link.js';
import { KnownStops } from './known_stops.js';
import { driverIdOf } from './participant_id.js';
import { ReconnectingLink } from './reconnecting_link.js';
import { StopSender } from './stop_sender.js';

/** @typedef {import('./link.js').Message} Message */

/**
 * An emergency stop of the room.
 * @typedef {object} RoomStop
 * @property {string} source participant id of the sender
 * @property {string} reason
 * @property {Date} at
 */

/**
 * Where joint values come from.
 * @typedef {object} Origin
 * @property {boolean} isLive false: the values that the room has stored
 * @property {boolean} isOurs whether this page has sent them
 */

/**
 * Callbacks of a session.
 * @typedef {object} SessionHandlers
 * @property {(state: import('./reconnecting_link.js').LinkState) => void} onLink
 * @property {(ms: number) => void} onRoundTrip
 * @property {(control: import('./control_state.js').Control) => void} onControl
 * @property {(state: import('./driver_link.js').DriveState) => void} onDrive
 * @property {(joints: [string, number][], origin: Origin) => void} onJoints
 * @property {(source: string, data: ?Message) => void} onRobot the state of a robot; null: it left
 * @property {(state: import('./stop_sender.js').StopState) => void} onOwnStop
 * @property {(stop: RoomStop) => void} onOtherStop a stop that this page did not send
 * @property {(stop: RoomStop) => void} onLastStop the last stop of the room, of any participant
 * @property {(text: string) => void} onError an error that the server reports
 * @property {() => void} onTokenWanted
 */

/** Views a room while it is open, drives it if the user wants, and can stop it at any time. */
export class Session {
  #arena;
  #handlers;
  #knownStops = new KnownStops();
  #hasJoined = false;
  /** @type {?ReconnectingLink} null: its constructor has not returned */
  #consumer = null;
  #driver;
  #stop;

  /**
   * @param {import('./rest.js').Arena} arena
   * @param {string} workspace
   * @param {string} room
   * @param {string} participantId of the link that watches; the other id is derived from it
   * @param {SessionHandlers} handlers
   */
  constructor(arena, workspace, room, participantId, handlers) {
    const driverId = driverIdOf(participantId);
    this.workspace = workspace;
    this.room = room;
    this.ids = new Set([participantId, driverId]);
    this.#arena = arena;
    this.#handlers = handlers;
    this.#stop = new StopSender(() => this.#links(), handlers.onOwnStop);
    /** @param {Message} message */
    const onMessage = (message) => this.#onMessage(message);
    this.#driver = new DriverLink(arena, workspace, room, driverId, {
      onState: (state) => this.#onDrive(state),
      onMessage,
      nameOf: (id) => this.nameOf(id),
    });
    this.#consumer = new ReconnectingLink(arena, workspace, room, participantId, {
      onState: (state, joined) => this.#onLink(state, joined),
      onMessage,
      onRoundTrip: handlers.onRoundTrip,
      onTokenWanted: handlers.onTokenWanted,
    });
  }

  get isDriving() {
    return this.#driver.isDriving;
  }

  /** Whether a stop of this page is not confirmed by the arena. */
  get hasPendingStop() {
    return this.#stop.isPending;
  }

  /** Why this page may not drive the room, as a part of a sentence; empty if it may. */
  get noDriveReason() {
    return this.#arena.permissions.noDriveReason;
  }

  /** Whether this page can request that robots reset their stop. */
  get canRequestReset() {
    return this.#consumer?.link?.hasFeature('remote_reset') ?? false;
  }

  /**
   * Return the displayed name of a participant, or of the source of a stop, which a bridge writes
   * as "console-1a2b in the consume room".
   * @param {string} source
   */
  nameOf(source) {
    const [id, ...where] = source.split(' ');
    return this.ids.has(id) ? ['this page', ...where].join(' ') : source;
  }

  /** Take control, or ask for it; moves nothing. */
  take() {
    this.#driver.take();
  }

  /** Release control, or withdraw the request for it. */
  release() {
    this.#driver.release();
  }

  /** @param {string} to id of the driver that gets control */
  give(to) {
    this.#driver.give(to);
  }

  /** @param {string} to id of the driver whose request for control is refused */
  refuse(to) {
    this.#driver.refuse(to);
  }

  /**
   * @param {string} name
   * @param {number} value
   */
  move(name, value) {
    this.#driver.move(name, value);
  }

  /** Stop all robots of the room, and send no more joint values from this page. */
  stop() {
    this.#driver.lock(true);
    this.#stop.press();
    this.#driver.onStop();
  }

  /** Allow this page to send joint values again after a stop. */
  unlock() {
    this.#driver.lock(false);
  }

  /**
   * Request that a robot resets its stop; the next state of the robot shows the result.
   * @param {string} robotId
   * @param {string} stopId of the stop in the robot's state
   */
  reset(robotId, stopId) {
    this.#consumer?.link?.send({ type: 'reset_stop', to: robotId, stop: stopId });
  }

  /** Reconnect now, because the network may be back, or the room may exist now. */
  retryNow() {
    this.#consumer?.retryNow();
  }

  /** Send a heartbeat over each link, because the page is shown again and a link may be dead. */
  checkLinks() {
    this.#links().forEach((link) => link.checkNow());
  }

  /** Leave, because the browser freezes the page, which then neither drives nor receives stops. */
  suspend() {
    this.#driver.drop('Control was released, because the browser paused this page.');
    this.#consumer?.suspend();
  }

  /** Join again; the server reports a stop that was sent in the meantime. */
  resume() {
    this.#consumer?.resume();
  }

  /** Leave the room. */
  close() {
    this.#stop.cancel();
    this.#driver.close();
    this.#consumer?.close();
  }

  #links() {
    return [this.#consumer?.link ?? null, this.#driver.link].filter((link) => link !== null);
  }

  /**
   * @param {import('./reconnecting_link.js').LinkState} state
   * @param {?Message} joined
   */
  #onLink(state, joined) {
    this.#handlers.onLink(state);
    if (joined !== null) {
      this.#onLastStop(joined.last_stop);
      this.#hasJoined = true;
      this.#stop.onJoined();
    }
  }

  /** @param {import('./driver_link.js').DriveState} state */
  #onDrive(state) {
    this.#handlers.onDrive(state);
    if (state.phase === 'driving') {
      this.#stop.onJoined();
    }
  }

  /** @param {Message} message */
  #onMessage(message) {
    switch (message.type) {
      case 'state_sync':
        this.#onJoints(Object.entries(message.data ?? {}), { isLive: false, isOurs: false });
        break;
      case 'joint_update':
        this.#onUpdate(message);
        break;
      case 'control':
        this.#handlers.onControl(readControl(message));
        break;
      case 'robot_state':
        this.#handlers.onRobot(String(message.source), message.data ?? null);
        break;
      case 'emergency_stop':
        this.#onStop(message);
        break;
      case 'error':
        this.#handlers.onError(String(message.message));
        break;
      default:
    }
  }

  /** @param {Message} message */
  #onUpdate({ data, source }) {
    /** @type {[string, any][]} */
    const joints = Array.isArray(data) ? data.map(({ name, value }) => [String(name), value]) : [];
    this.#onJoints(joints, { isLive: true, isOurs: this.ids.has(source) });
  }

  /**
   * Show the joints whose values are numbers: the public server relays other values, too.
   * @param {[string, any][]} joints
   * @param {Origin} origin
   */
  #onJoints(joints, origin) {
    this.#handlers.onJoints(joints.filter(([, value]) => Number.isFinite(value)), origin);
  }

  /** @param {Message} message */
  #onStop(message) {
    const stop = readStop(message, new Date());
    const isNew = this.#knownStops.add(message);
    if (this.ids.has(stop.source)) {
      this.#stop.onEcho();
      this.#handlers.onLastStop(stop);
    } else if (isNew) {
      this.#onOtherStop(stop);
    }
  }

  /**
   * Handle the last stop that the server reports at a join. At the first join it is history. At a
   * later join it was sent while this page was away. Then its source may be an id of this page,
   * which another participant has used meanwhile, so the source does not matter.
   * @param {unknown} lastStop
   */
  #onLastStop(lastStop) {
    if (typeof lastStop !== 'object' || lastStop === null) {
      return;
    }
    const message = /** @type {Message} */ (lastStop);
    const stop = readStop(message, new Date(Date.now() - Number(message.age_s) * 1000));
    if (this.#knownStops.add(message) && this.#hasJoined) {
      this.#onOtherStop(stop);
    } else {
      this.#handlers.onLastStop(stop);
    }
  }

  /** @param {RoomStop} stop */
  #onOtherStop(stop) {
    this.#driver.lock(true);
    this.#driver.onStop();
    this.#handlers.onLastStop(stop);
    this.#handlers.onOtherStop(stop);
  }
}

/** @param {Message} message @param {Date} at @returns {RoomStop} */
function readStop({ source, reason }, at) {
  return { source: String(source), reason: String(reason ?? ''), at };
}
