/** @file The choice of a workspace and of a room in it, kept up to date. */

import { byId, fromTemplate, part, setText } from './dom.js';

const ROOMS_MS = 1500;
const WORKSPACES_MS = 10_000;

const NO_ROOM = 'This workspace has no room. Create one here, or start a robot: it makes its room.';
const NO_ROOM_TO_WATCH = 'This workspace has no room. A robot that is started makes its room.';
const SOME_ROOMS = 'Choose a room in the list. Opening a room moves nothing.';

/**
 * Handlers of the choice.
 * @typedef {object} RoomsHandlers
 * @property {(workspace: string, room: string) => void} onChosen
 * @property {(info: ?import('./rest.js').RoomInfo) => void} onOpenRoom who is in the open room
 *     now; null where it is not there
 * @property {() => void} onTokenWanted
 */

/** Lists rooms and creates them. */
export class Rooms {
  #arena;
  #handlers;
  #workspace = '';
  /** @type {?string} */
  #open = null;
  #items = new Map();
  #timer = 0;
  #workspacesAt = -Infinity;
  #isRunning = false;

  /**
   * @param {import('./rest.js').Arena} arena
   * @param {RoomsHandlers} handlers
   */
  constructor(arena, handlers) {
    this.#arena = arena;
    this.#handlers = handlers;
    this.#workspace = arena.permit.firstWorkspace;
    this.select = /** @type {HTMLSelectElement} */ (byId('workspace'));
    this.list = byId('rooms');
    this.note = byId('rooms-note');
    this.select.addEventListener('change', () => {
      this.#workspace = this.select.value;
      this.refresh();
    });
    // A user who is about to choose must see the newest list.
    this.select.addEventListener('focus', () => this.#refreshWorkspaces());
    byId('create-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#create();
    });
    byId('new-workspace').value = this.#workspace;
  }

  /**
   * Look at the room that is open, if any.
   * @param {string} workspace
   * @param {?string} room
   */
  show(workspace, room) {
    this.#workspace = workspace;
    this.#open = room === null ? null : room;
    this.openWorkspace = workspace;
    byId('new-workspace').value = workspace;
    this.#offer([]);
    this.refresh();
  }

  /** Keep the lists up to date from now on. */
  start() {
    this.#isRunning = true;
    this.refreshAll();
  }

  /** Offer no more than the token allows. */
  showPermit() {
    const { text, whyNoDrive } = this.#arena.permit;
    setText(byId('permit'), text);
    byId('create-fields').disabled = whyNoDrive !== '';
    setText(byId('create-off'), whyNoDrive && `You cannot create a room: ${whyNoDrive}.`);
  }

  /** Stop asking. */
  stop() {
    this.#isRunning = false;
    clearTimeout(this.#timer);
  }

  /** Ask now, also for what seldom changes. */
  refreshAll() {
    this.#workspacesAt = -Infinity;
    this.refresh();
  }

  /** Ask now. */
  async refresh() {
    clearTimeout(this.#timer);
    if (!this.#isRunning) {
      return;
    }
    const workspace = this.#workspace;
    try {
      if (performance.now() - this.#workspacesAt > WORKSPACES_MS) {
        await this.#refreshWorkspaces();
      }
      const rooms = await this.#arena.rooms(workspace);
      if (workspace === this.#workspace) {
        this.#list(rooms);
      }
      await this.#tellOpenRoom(workspace, rooms);
    } catch (error) {
      if (workspace === this.#workspace) {
        this.#onError(error);
      }
    }
    clearTimeout(this.#timer);
    if (this.#isRunning) {
      this.#timer = setTimeout(() => this.refresh(), ROOMS_MS);
    }
  }

  async #tellOpenRoom(workspace, rooms) {
    if (this.#open === null) {
      return;
    }
    const open = this.#open;
    const others = this.openWorkspace === workspace
      ? rooms
      : await this.#arena.rooms(this.openWorkspace);
    if (open === this.#open) {
      this.#handlers.onOpenRoom(others.find((room) => room.id === open) ?? null);
    }
  }

  async #refreshWorkspaces() {
    this.#workspacesAt = performance.now();
    try {
      await this.#arena.askPermit();
      this.#offer(await this.#arena.workspaces());
    } catch {
      // Some arenas do not list them: then those that are known here remain.
    }
  }

  #offer(workspaces) {
    const known = [...this.select.options].map((option) => option.value);
    const wanted = new Set([this.#arena.permit.firstWorkspace, this.#workspace, ...workspaces]);
    if (workspaces.length === 0) {
      known.forEach((name) => wanted.add(name));
    }
    const names = [...wanted].sort((a, b) => a.localeCompare(b));
    if (names.join('\n') !== known.join('\n')) {
      this.select.replaceChildren(...names.map((name) => new Option(name, name)));
    }
    this.select.value = this.#workspace;
  }

  #list(rooms) {
    const ids = new Set(rooms.map((room) => room.id));
    for (const [id, item] of this.#items) {
      if (!ids.has(id) || item.workspace !== this.#workspace) {
        item.element.remove();
        this.#items.delete(id);
      }
    }
    rooms.sort((a, b) => a.id.localeCompare(b.id));
    rooms.forEach((room, index) => {
      this.#showRoom(room);
      const { element } = this.#items.get(room.id);
      // In its place already it stays untouched, because it may have the focus.
      if (this.list.children[index] !== element) {
        this.list.insertBefore(element, this.list.children[index] ?? null);
      }
    });
    const isEmpty = rooms.length === 0;
    setText(this.note, isEmpty ? 'There is no room in this workspace.' : '');
    const noRoom = this.#arena.permit.whyNoDrive === '' ? NO_ROOM : NO_ROOM_TO_WATCH;
    setText(byId('welcome-text'), isEmpty ? noRoom : SOME_ROOMS);
  }

  #showRoom(room) {
    if (!this.#items.has(room.id)) {
      const element = fromTemplate('room-template');
      const workspace = this.#workspace;
      setText(part(element, 'room-name'), room.id);
      element.firstElementChild.addEventListener('click', () => {
        this.#handlers.onChosen(workspace, room.id);
      });
      this.#items.set(room.id, { element, workspace });
    }
    const { element } = this.#items.get(room.id);
    const isOpen = this.#open === room.id && this.openWorkspace === this.#workspace;
    element.firstElementChild.setAttribute('aria-current', String(isOpen));
    setText(part(element, 'room-people'), peopleText(room));
  }

  async #create() {
    const note = byId('create-note');
    const room = byId('new-room').value.trim();
    const workspace = byId('new-workspace').value.trim();
    setText(note, '');
    if (room === '' || workspace === '') {
      setText(note, 'No room was created: a room needs a name and a workspace.');
      return;
    }
    try {
      await this.#arena.createRoom(workspace, room);
    } catch (error) {
      setText(note, `The room was not created: ${error.message}.`);
      if (error.kind === 'token') {
        this.#handlers.onTokenWanted();
      }
      return;
    }
    byId('new-room').value = '';
    byId('create').open = false;
    this.#handlers.onChosen(workspace, room);
  }

  #onError(error) {
    if (error.kind === 'token') {
      this.#handlers.onTokenWanted();
    } else {
      setText(this.note, `The list of rooms is not up to date: ${error.message}.`);
    }
  }
}

/** @param {import('./rest.js').RoomInfo} room */
function peopleText({ producer, consumers }) {
  const driver = producer === null ? 'No driver' : `${producer} drives`;
  const count = consumers.length;
  return `${driver} · ${count} ${count === 1 ? 'viewer' : 'viewers'}`;
}
