/** @file Starts the page and connects its parts. */

import { Alarm } from './alarm.js';
import { byId, setText } from './dom.js';
import { followLifecycle } from './lifecycle.js';
import { Arena } from './rest.js';
import { RobotCommand } from './robot_command.js';
import { haltText, Robots } from './robots.js';
import { RoomView } from './room.js';
import { hashOf, roomOf } from './room_address.js';
import { Rooms } from './rooms.js';
import { Session } from './session.js';
import { StopNews } from './stop_news.js';
import { TokenPrompt } from './token.js';

const TICK_MS = 250;
/** The least time between two updates of what robots report, however many there are. */
const SHOW_MS = 80;

/** The page as a whole: one arena, and at most one room that is open. */
class Page {
  #arena = new Arena(document.baseURI, () => this.#onPermit());
  #participantId = `console-${newSuffix()}`;
  /** @type {?Session} */
  #session = null;
  #hasProducer = null;
  #isMissing = false;
  #shownAt = -Infinity;
  #showTimer = 0;
  #robots = new Robots();
  #news = new StopNews();
  #view = new RoomView();
  #command = new RobotCommand(this.#arena);
  #alarm = new Alarm(() => this.#stop(), () => this.#unlock());
  #prompt = new TokenPrompt(this.#arena, () => this.#onToken());
  #rooms = new Rooms(this.#arena, {
    onChosen: (workspace, room) => this.#choose(workspace, room),
    onOpenRoom: (info) => this.#view.people.showInfo(info),
    onTokenWanted: () => this.#askForToken(),
  });

  /** Ask for the token if the server needs one, then show the room that the address names. */
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
      await this.#arena.askPermit();
    } catch (error) {
      if (error.kind === 'token') {
        this.#askForToken();
        return;
      }
    }
    byId('console').hidden = false;
    this.#open();
    this.#rooms.start();
  }

  #pause() {
    this.#rooms.stop();
    this.#session?.freeze();
  }

  #resume() {
    this.#session?.resume();
    if (byId('token-panel').hidden) {
      this.#rooms.start();
    }
  }

  /** A link that the token did not allow may be allowed now. */
  #onPermit() {
    this.#rooms.showPermit();
    this.#view.showPermit();
    this.#robots.whyNoReset = this.#arena.permit.whyNoDrive;
    this.#session?.retryNow();
  }

  #askForToken() {
    this.#rooms.stop();
    this.#prompt.ask();
  }

  #onToken() {
    if (this.#session === null) {
      this.#open();
    } else {
      this.#session.retryNow();
    }
    this.#rooms.start();
  }

  #choose(workspace, room) {
    const hash = hashOf(workspace, room);
    if (location.hash === hash) {
      this.#open();
    } else {
      location.hash = hash;
    }
    byId('room').scrollIntoView({ block: 'nearest' });
  }

  /** Open the room that the address names. */
  #open() {
    const named = roomOf(location.hash);
    this.#leave();
    setText(byId('where'), named === null ? 'no room is open' : named.join(' / '));
    document.title = named === null ? 'Arena console' : `${named[1]} · Arena console`;
    const [workspace, room] = named ?? [this.#arena.permit.firstWorkspace, null];
    this.#rooms.show(workspace, room);
    this.#command.show(workspace, room ?? 'arm');
    this.#alarm.setRoomOpen(named !== null);
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
      onRoundTrip: (ms, hasProducer) => this.#onRoundTrip(ms, hasProducer),
      onDrive: (state) => this.#onDrive(state),
      onJoints: (joints, origin) => this.#view.hear(joints, origin),
      onRobot: (id, data) => this.#onRobot(id, data),
      onOwnStop: (state) => this.#onOwnStop(state),
      onOtherStop: (stop) => this.#onOtherStop(stop),
      onLastStop: (stop) => this.#view.people.setLastStop(stop),
      onComplaint: (text) => this.#view.people.showComplaint(text),
      onTokenWanted: () => this.#askForToken(),
    };
  }

  #leave() {
    const session = this.#session;
    this.#session = null;
    this.#isMissing = false;
    this.#robots.clear();
    this.#news.clear();
    this.#alarm.clear();
    if (session !== null) {
      if (session.owesStop) {
        this.#alarm.showAbandoned(session.room);
      }
      session.close();
    }
  }

  #stop() {
    if (this.#session === null) {
      this.#alarm.showNoRoom();
      return;
    }
    this.#session.stop();
    this.#view.setLocked(true);
  }

  #onOwnStop(state) {
    this.#news.own(state, performance.now());
    this.#showStop();
  }

  #onOtherStop({ source, reason, at }) {
    this.#view.setLocked(true);
    // It is worse that a stop of this page is not confirmed.
    if (!this.#session?.owesStop) {
      this.#news.other({ name: source, reason, at }, performance.now());
      this.#showStop();
    }
  }

  #unlock() {
    if (this.#session?.owesStop) {
      return;
    }
    this.#news.clear();
    this.#alarm.clear();
    this.#session?.unlock();
    this.#view.setLocked(false);
    this.#showStop();
    byId('stop').focus();
  }

  #onRobot(id, data) {
    const { length } = this.#robots.all;
    this.#robots.hear(id, data, performance.now());
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
    const { room = '', workspace = '' } = this.#session ?? {};
    const around = {
      robots: this.#robots.all,
      viewers: this.#view.people.viewers,
      isMissing: this.#isMissing,
      room,
      workspace,
    };
    this.#alarm.showStop(this.#news.words(around, performance.now()));
    const nameOf = (id) => this.#session?.nameOf(id) ?? id;
    this.#alarm.showHalted(this.#robots.stopped.map((robot) => haltText(robot, nameOf)));
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
      setText(byId('missing-note'), `The room was not created: ${error.message}.`);
    }
  }

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

  #onRoundTrip(ms, hasProducer) {
    setText(byId('trip'), `${ms.toFixed(ms < 10 ? 1 : 0)} ms round trip`);
    if (hasProducer !== this.#hasProducer) {
      this.#hasProducer = hasProducer;
      this.#rooms.refresh();
    }
  }

  #onDrive(state) {
    this.#view.showDrive(state);
    this.#rooms.refresh();
  }
}

/** @param {string} phase */
function showLink(phase, text) {
  byId('link').dataset.phase = phase;
  setText(byId('link'), text);
  if (phase !== 'joined') {
    setText(byId('trip'), '');
  }
}

/** Return what distinguishes this page from every other one. */
function newSuffix() {
  const bytes = crypto.getRandomValues(new Uint8Array(3));
  return [...bytes].map((each) => each.toString(16).padStart(2, '0')).join('');
}

new Page().start();
