// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file The entry point: starts the page and connects its parts.
 *
 * `rest` requests the rooms, which `room_list` shows. `session` joins the open room over two links:
 * `reconnecting_link`, which watches, and `driver_link` while the user drives or asks to drive.
 * Their messages go to `robots` and to `room_view`, which shows them by `participants`,
 * `hand_over`, `robot_list` and `joint`.
 * `cameras` finds and shows the video rooms of the open room.
 * A stop goes from `stop_button` to `stop_sender`; `stop_status` describes its result.
 */

import { Cameras } from './cameras.js';
import { byId, setText } from './dom.js';
import { followLifecycle } from './lifecycle.js';
import { showLink, showRoundTrip } from './link_chip.js';
import { newParticipantId } from './participant_id.js';
import { Arena, asArenaError } from './rest.js';
import { RobotCommand } from './robot_command.js';
import { Robots, stoppedSummary } from './robots.js';
import { hashOf, roomOf } from './room_address.js';
import { RoomList } from './room_list.js';
import { RoomView } from './room_view.js';
import { Session } from './session.js';
import { StopButton } from './stop_button.js';
import { StopStatus } from './stop_status.js';
import { TokenPrompt } from './token.js';

const TICK_MS = 250;
/** The minimum time between two updates of the robots, independent of their number. */
const SHOW_MS = 80;

/** The whole page: one arena, and at most one open room. */
class Page {
  #arena = new Arena(document.baseURI, () => this.#onPermissions());
  #participantId = newParticipantId();
  /** @type {?Session} */
  #session = null;
  /** The number of the last change of control that the list of rooms shows. */
  #controlNumber = -1;
  #isMissing = false;
  #shownAt = -Infinity;
  #showTimer = 0;
  #robots = new Robots();
  #stopStatus = new StopStatus();
  #view = new RoomView();
  #command = new RobotCommand(this.#arena);
  #cameras = new Cameras(this.#arena, this.#participantId, () => this.#askForToken());
  #stopButton = new StopButton(() => this.#stop(), () => this.#unlock());
  #prompt = new TokenPrompt(this.#arena, () => this.#onToken());
  #rooms = new RoomList(this.#arena, {
    onChosen: (workspace, room) => this.#choose(workspace, room),
    onOpenRoom: (info, names) => {
      this.#view.participants.showInfo(info);
      this.#cameras.setRooms(names);
    },
    onTokenWanted: () => this.#askForToken(),
  });

  /** Ask for the token if the server requires one, then open the room in the page's URL. */
  async start() {
    window.addEventListener('hashchange', () => this.#open());
    window.addEventListener('online', () => this.#session?.retryNow());
    followLifecycle({
      onPause: () => this.#pause(),
      onResume: () => this.#resume(),
      onShown: () => this.#session?.checkLinks(),
    });
    byId('create-missing').addEventListener('click', () => this.#createMissing());
    setInterval(() => this.#showRobots(), TICK_MS);
    try {
      await this.#arena.fetchPermissions();
    } catch (error) {
      if (asArenaError(error).kind === 'token') {
        this.#askForToken();
        return;
      }
    }
    byId('console').hidden = false;
    this.#open();
    this.#rooms.start();
  }

  #pause() {
    this.#rooms.pause();
    this.#cameras.pause();
    this.#session?.suspend();
  }

  #resume() {
    this.#session?.resume();
    if (byId('token-panel').hidden) {
      this.#rooms.start();
      this.#cameras.resume();
    }
  }

  /** Update the page, and reconnect, because the token may allow now what it did not before. */
  #onPermissions() {
    this.#rooms.showPermissions();
    this.#view.showPermissions();
    this.#robots.noResetReason = this.#arena.permissions.noDriveReason;
    this.#session?.retryNow();
    this.#cameras.retryNow();
  }

  #askForToken() {
    this.#rooms.pause();
    this.#cameras.pause();
    this.#prompt.ask();
  }

  #onToken() {
    if (this.#session === null) {
      this.#open();
    } else {
      this.#session.retryNow();
    }
    this.#rooms.start();
    this.#cameras.resume();
  }

  /** @param {string} workspace @param {string} room */
  #choose(workspace, room) {
    const hash = hashOf(workspace, room);
    if (location.hash === hash) {
      this.#open();
    } else {
      location.hash = hash;
    }
    byId('room').scrollIntoView({ block: 'nearest' });
  }

  /** Open the room in the page's URL. */
  #open() {
    const named = roomOf(location.hash);
    this.#leave();
    setText(byId('open-room'), named === null ? 'no room is open' : named.join(' / '));
    document.title = named === null ? 'Arena console' : `${named[1]} · Arena console`;
    const [workspace, room] = named ?? [this.#arena.permissions.firstWorkspace, null];
    this.#rooms.show(workspace, room);
    this.#cameras.open(workspace, room);
    this.#command.show(workspace, room ?? 'arm');
    this.#stopButton.setRoomOpen(named !== null);
    if (named === null) {
      this.#view.open(null);
      showLink('none', 'Not connected');
    } else {
      this.#session = new Session(this.#arena, ...named, this.#participantId, this.#handlers());
      this.#view.open(this.#session);
    }
    this.#showStop();
  }

  /** @returns {import('./session.js').SessionHandlers} */
  #handlers() {
    return {
      onLink: (state) => this.#onLink(state),
      onRoundTrip: showRoundTrip,
      onControl: (control) => this.#onControl(control),
      onDrive: (state) => this.#onDrive(state),
      onJoints: (joints, origin) => this.#view.updateJoints(joints, origin),
      onRobot: (id, data) => this.#onRobot(id, data),
      onOwnStop: (state) => this.#onOwnStop(state),
      onOtherStop: (stop) => this.#onOtherStop(stop),
      onLastStop: (stop) => this.#view.participants.setLastStop(stop),
      onError: (text) => this.#view.handOver.setError(text),
      onTokenWanted: () => this.#askForToken(),
    };
  }

  #leave() {
    const session = this.#session;
    this.#session = null;
    this.#isMissing = false;
    this.#robots.clear();
    this.#stopStatus.clear();
    this.#stopButton.clear();
    if (session !== null) {
      if (session.hasPendingStop) {
        this.#stopButton.showAbandoned(session.room);
      }
      session.close();
    }
  }

  #stop() {
    if (this.#session === null) {
      this.#stopButton.showNoRoom();
      return;
    }
    this.#session.stop();
    this.#view.setLocked(true);
  }

  /** @param {import('./stop_sender.js').StopState} state */
  #onOwnStop(state) {
    this.#stopStatus.setOwnStop(state, performance.now());
    this.#showStop();
  }

  /** @param {import('./session.js').RoomStop} stop */
  #onOtherStop({ source, reason, at }) {
    this.#view.setLocked(true);
    // A stop of this page that is not confirmed is more important.
    if (!this.#session?.hasPendingStop) {
      this.#stopStatus.setOtherStop({ name: source, reason, at }, performance.now());
      this.#showStop();
    }
  }

  #unlock() {
    if (this.#session?.hasPendingStop) {
      return;
    }
    this.#stopStatus.clear();
    this.#stopButton.clear();
    this.#session?.unlock();
    this.#view.setLocked(false);
    this.#showStop();
    byId('stop').focus();
  }

  /** @param {string} id @param {?import('./link.js').Message} data */
  #onRobot(id, data) {
    const { length } = this.#robots.all;
    this.#robots.handleReport(id, data, performance.now());
    this.#showRobotsSoon();
    if (this.#robots.all.length !== length) {
      this.#rooms.refresh();
    }
  }

  #showRobotsSoon() {
    if (this.#showTimer === 0) {
      const waitMs = Math.max(0, this.#shownAt + SHOW_MS - performance.now());
      this.#showTimer = setTimeout(() => this.#showRobots(), waitMs);
    }
  }

  #showRobots() {
    clearTimeout(this.#showTimer);
    this.#showTimer = 0;
    if (this.#session !== null) {
      const now = performance.now();
      this.#shownAt = now;
      this.#robots.tick(now);
      this.#view.showRobots(this.#robots.all, now);
      this.#showStop();
    }
  }

  #showStop() {
    const status = {
      robots: this.#robots.all,
      viewers: this.#view.participants.viewers,
      isMissing: this.#isMissing,
      room: this.#session?.room ?? '',
      workspace: this.#session?.workspace ?? '',
    };
    this.#stopButton.showStop(this.#stopStatus.message(status, performance.now()));
    /** @param {string} id */
    const nameOf = (id) => this.#session?.nameOf(id) ?? id;
    const texts = this.#robots.stopped.map((robot) => stoppedSummary(robot, nameOf));
    this.#stopButton.showStoppedRobots(texts);
  }

  async #createMissing() {
    const session = this.#session;
    if (session === null) {
      return;
    }
    setText(byId('missing-note'), '');
    try {
      await this.#arena.createRoom(session.workspace, session.room);
      session.retryNow();
    } catch (error) {
      const { message } = asArenaError(error);
      setText(byId('missing-note'), `The room was not created: ${message}.`);
    }
  }

  /** @param {import('./reconnecting_link.js').LinkState} state */
  #onLink(state) {
    const { phase, reason, isMissing, isFinal } = state;
    this.#isMissing = isMissing;
    if (phase === 'joined') {
      showLink(phase, 'Joined');
      this.#robots.onJoined(performance.now());
    } else if (phase === 'connecting') {
      showLink(phase, 'Connecting…');
    } else {
      const text = isFinal ? `Refused: ${reason}` : `Lost: ${reason}. Trying again…`;
      showLink(phase, isMissing ? 'No such room' : text);
      this.#robots.onLost(performance.now());
    }
    this.#view.showLink(state);
    this.#showRobots();
    this.#rooms.refreshAll();
  }

  /** @param {import('./control_state.js').Control} control */
  #onControl(control) {
    this.#view.showControl(control);
    if (control.number !== this.#controlNumber) {
      this.#controlNumber = control.number;
      this.#rooms.refresh();
    }
  }

  /** @param {import('./driver_link.js').DriveState} state */
  #onDrive(state) {
    this.#view.showDrive(state);
    this.#rooms.refresh();
  }
}

new Page().start();
