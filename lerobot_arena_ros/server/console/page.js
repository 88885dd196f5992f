/** @file What is started with the page, and how its parts hang together. */

import { Alarm } from './alarm.js';
import { byId, setText } from './dom.js';
import { Arena } from './rest.js';
import { RoomView } from './room.js';
import { DEFAULT_WORKSPACE, Rooms } from './rooms.js';
import { Session } from './session.js';
import { TokenPrompt } from './token.js';

/** The page as a whole: one arena, and at most one room that is open. */
class Page {
  #arena = new Arena(document.baseURI);
  #participantId = `console-${newSuffix()}`;
  /** @type {?Session} */
  #session = null;
  #hasProducer = null;
  #view = new RoomView();
  #alarm = new Alarm(() => this.#stop(), () => this.#unlock());
  #prompt = new TokenPrompt(this.#arena, () => this.#onToken());
  #rooms = new Rooms(this.#arena, {
    onChosen: (workspace, room) => this.#choose(workspace, room),
    onOpenRoom: (info) => this.#onPeople(info),
    onTokenWanted: () => this.#askForToken(),
  });

  /** See whether the server wants a token, then show what the address names. */
  async start() {
    window.addEventListener('hashchange', () => this.#open());
    window.addEventListener('online', () => this.#session?.retryNow());
    window.addEventListener('pagehide', () => this.#session?.close());
    // A page that comes out of the browser's memory has links that are dead.
    window.addEventListener('pageshow', (event) => event.persisted && location.reload());
    try {
      await this.#arena.check();
    } catch (error) {
      if (error.kind === 'token') {
        this.#askForToken();
        return;
      }
    }
    byId('console').hidden = false;
    this.#rooms.start();
    this.#open();
  }

  #askForToken() {
    this.#rooms.stop();
    this.#prompt.ask();
  }

  #onToken() {
    this.#rooms.start();
    if (this.#session === null) {
      this.#open();
    } else {
      this.#session.retryNow();
    }
  }

  #choose(workspace, room) {
    const hash = `#${encodeURIComponent(workspace)}/${encodeURIComponent(room)}`;
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
    this.#rooms.show(named?.[0] ?? DEFAULT_WORKSPACE, named?.[1] ?? null);
    if (named === null) {
      this.#view.open(null);
      showLink('none', 'Not connected');
      return;
    }
    this.#session = new Session(this.#arena, ...named, this.#participantId, {
      onLink: (state) => this.#onLink(state),
      onRoundTrip: (ms, hasProducer) => this.#onRoundTrip(ms, hasProducer),
      onDrive: (state) => this.#onDrive(state),
      onJoints: (joints, origin) => this.#view.hear(joints, origin),
      onOwnStop: (state) => this.#alarm.showOwn(state),
      onOtherStop: ({ source, reason }) => this.#onOtherStop(source, reason),
      onComplaint: (text) => this.#view.showComplaint(text),
      onTokenWanted: () => this.#askForToken(),
    });
    this.#view.open(this.#session);
  }

  #leave() {
    const session = this.#session;
    this.#session = null;
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
      this.#alarm.showNobody();
      return;
    }
    this.#session.stop();
    this.#view.setLocked(true);
  }

  #onOtherStop(source, reason) {
    this.#view.setLocked(true);
    // That a stop of ours is still owed is the worse news.
    if (!this.#session?.owesStop) {
      this.#alarm.showOther(source, reason);
    }
  }

  #unlock() {
    if (this.#session?.owesStop) {
      return;
    }
    this.#alarm.clear();
    this.#session?.unlock();
    this.#view.setLocked(false);
    byId('stop').focus();
  }

  #onLink({ phase, reason }) {
    if (phase === 'joined') {
      showLink(phase, 'Joined');
    } else if (phase === 'connecting') {
      showLink(phase, 'Connecting…');
    } else {
      showLink(phase, `Lost: ${reason}. Trying again…`);
      this.#view.loseSight();
    }
    this.#rooms.refresh();
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

  /** @param {?import('./rest.js').RoomInfo} info */
  #onPeople(info) {
    this.#view.showPeople(info);
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

/**
 * Read the workspace and the room out of an address's last part; null where it names none.
 * @param {string} hash
 * @returns {?[string, string]}
 */
function roomOf(hash) {
  try {
    const parts = hash.slice(1).split('/').map(decodeURIComponent);
    return parts.length === 2 && parts.every((each) => each !== '') ? parts : null;
  } catch {
    return null;
  }
}

/** Tell this page from every other one. */
function newSuffix() {
  const bytes = crypto.getRandomValues(new Uint8Array(4));
  return [...bytes].map((each) => each.toString(16).padStart(2, '0')).join('');
}

new Page().start();
