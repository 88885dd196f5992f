// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file The lists of workspaces and rooms, which are polled, and the form that creates a room. */

import { byId, fromTemplate, part, setText } from './dom.js';
import { asArenaError } from './rest.js';

const POLL_ROOMS_MS = 1500;
const POLL_WORKSPACES_MS = 10_000;

const NO_ROOM = 'This workspace has no room. Create one here, or start a robot,'
  + ' which creates its room.';
const NO_ROOM_TO_WATCH = 'This workspace has no room. A robot creates its room when it starts.';
const SOME_ROOMS = 'Choose a room in the list. Opening a room does not move a robot.';

/**
 * Callbacks of the room list.
 * @typedef {object} RoomListHandlers
 * @property {(workspace: string, room: string) => void} onChosen
 * @property {(info: ?RoomInfo, names: string[]) => void} onOpenRoom the current state of the
 *     open room, null if it does not exist; and the names of all rooms of its workspace
 * @property {() => void} onTokenWanted
 */

/** @typedef {import('./rest.js').RoomInfo} RoomInfo */

/** Lists rooms and creates them. */
export class RoomList {
  #arena;
  #handlers;
  /** The workspace whose rooms are listed. */
  #workspace;
  /** The workspace of the open room. */
  #openWorkspace = '';
  /** @type {?string} the open room */
  #open = null;
  /** @type {Map<string, {element: HTMLElement, button: Element, workspace: string}>} by room id */
  #items = new Map();
  #timer = 0;
  #workspacesAt = -Infinity;
  #isRunning = false;

  /**
   * @param {import('./rest.js').Arena} arena
   * @param {RoomListHandlers} handlers
   */
  constructor(arena, handlers) {
    this.#arena = arena;
    this.#handlers = handlers;
    this.#workspace = arena.permissions.firstWorkspace;
    this.select = /** @type {HTMLSelectElement} */ (byId('workspace'));
    this.list = byId('rooms');
    this.note = byId('rooms-note');
    this.newRoom = /** @type {HTMLInputElement} */ (byId('new-room'));
    this.newWorkspace = /** @type {HTMLInputElement} */ (byId('new-workspace'));
    this.select.addEventListener('change', () => {
      this.#workspace = this.select.value;
      this.refresh();
    });
    // Refresh at the focus, so that a user who opens the list sees the current workspaces.
    this.select.addEventListener('focus', () => this.#refreshWorkspaces());
    byId('create-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#create();
    });
    this.newWorkspace.value = this.#workspace;
  }

  /**
   * Show which room is open, if any.
   * @param {string} workspace
   * @param {?string} room
   */
  show(workspace, room) {
    this.#workspace = workspace;
    this.#open = room;
    this.#openWorkspace = workspace;
    this.newWorkspace.value = workspace;
    this.#showWorkspaces([]);
    this.refresh();
  }

  /** Start to poll. */
  start() {
    this.#isRunning = true;
    this.refreshAll();
  }

  /** Disable what the token does not allow. */
  showPermissions() {
    const { text, noDriveReason } = this.#arena.permissions;
    setText(byId('permissions'), text);
    /** @type {HTMLFieldSetElement} */ (byId('create-fields')).disabled = noDriveReason !== '';
    setText(byId('create-off'), noDriveReason && `You cannot create a room: ${noDriveReason}.`);
  }

  /** End the polling. */
  pause() {
    this.#isRunning = false;
    clearTimeout(this.#timer);
  }

  /** Request the rooms and the workspaces now. */
  refreshAll() {
    this.#workspacesAt = -Infinity;
    this.refresh();
  }

  /** Request the rooms now, and the workspaces if their list is old. */
  async refresh() {
    clearTimeout(this.#timer);
    if (!this.#isRunning) {
      return;
    }
    const workspace = this.#workspace;
    try {
      if (performance.now() - this.#workspacesAt > POLL_WORKSPACES_MS) {
        await this.#refreshWorkspaces();
      }
      const rooms = await this.#arena.rooms(workspace);
      if (workspace === this.#workspace) {
        this.#showRooms(rooms);
      }
      await this.#reportOpenRoom(workspace, rooms);
    } catch (error) {
      if (workspace === this.#workspace) {
        this.#onError(asArenaError(error));
      }
    }
    clearTimeout(this.#timer);
    if (this.#isRunning) {
      this.#timer = setTimeout(() => this.refresh(), POLL_ROOMS_MS);
    }
  }

  /**
   * @param {string} workspace
   * @param {RoomInfo[]} rooms of the workspace
   */
  async #reportOpenRoom(workspace, rooms) {
    if (this.#open === null) {
      return;
    }
    const open = this.#open;
    const candidates = this.#openWorkspace === workspace
      ? rooms
      : await this.#arena.rooms(this.#openWorkspace);
    if (open === this.#open) {
      const info = candidates.find((room) => room.id === open) ?? null;
      this.#handlers.onOpenRoom(info, candidates.map(({ id }) => id));
    }
  }

  async #refreshWorkspaces() {
    this.#workspacesAt = performance.now();
    try {
      await this.#arena.fetchPermissions();
      this.#showWorkspaces(await this.#arena.workspaces());
    } catch {
      // Some arenas do not list their workspaces. Then the known ones stay in the list.
    }
  }

  /** @param {string[]} workspaces */
  #showWorkspaces(workspaces) {
    const known = [...this.select.options].map((option) => option.value);
    const { firstWorkspace } = this.#arena.permissions;
    const wanted = new Set([firstWorkspace, this.#workspace, ...workspaces]);
    if (workspaces.length === 0) {
      known.forEach((name) => wanted.add(name));
    }
    const names = [...wanted].sort((a, b) => a.localeCompare(b));
    if (names.join('\n') !== known.join('\n')) {
      this.select.replaceChildren(...names.map((name) => new Option(name, name)));
    }
    this.select.value = this.#workspace;
  }

  /** @param {RoomInfo[]} rooms */
  #showRooms(rooms) {
    const ids = new Set(rooms.map((room) => room.id));
    for (const [id, item] of this.#items) {
      if (!ids.has(id) || item.workspace !== this.#workspace) {
        item.element.remove();
        this.#items.delete(id);
      }
    }
    rooms.sort((a, b) => a.id.localeCompare(b.id));
    rooms.forEach((room, index) => {
      const element = this.#showRoom(room);
      // An element that is already in its place is not moved, because it would lose the focus.
      if (this.list.children[index] !== element) {
        this.list.insertBefore(element, this.list.children[index] ?? null);
      }
    });
    const isEmpty = rooms.length === 0;
    setText(this.note, isEmpty ? 'There is no room in this workspace.' : '');
    const noRoom = this.#arena.permissions.noDriveReason === '' ? NO_ROOM : NO_ROOM_TO_WATCH;
    setText(byId('welcome-text'), isEmpty ? noRoom : SOME_ROOMS);
  }

  /**
   * @param {RoomInfo} room
   * @returns {HTMLElement} its element in the list
   */
  #showRoom(room) {
    let item = this.#items.get(room.id);
    if (item === undefined) {
      const element = fromTemplate('room-template');
      const workspace = this.#workspace;
      setText(part(element, 'room-name'), room.id);
      const button = /** @type {Element} */ (element.firstElementChild);
      button.addEventListener('click', () => {
        this.#handlers.onChosen(workspace, room.id);
      });
      item = { element, button, workspace };
      this.#items.set(room.id, item);
    }
    const isOpen = this.#open === room.id && this.#openWorkspace === this.#workspace;
    item.button.setAttribute('aria-current', String(isOpen));
    setText(part(item.element, 'room-participants'), participantsText(room));
    return item.element;
  }

  async #create() {
    const note = byId('create-note');
    const room = this.newRoom.value.trim();
    const workspace = this.newWorkspace.value.trim();
    setText(note, '');
    if (room === '' || workspace === '') {
      setText(note, 'No room was created: a room needs a name and a workspace.');
      return;
    }
    try {
      await this.#arena.createRoom(workspace, room);
    } catch (caught) {
      const error = asArenaError(caught);
      setText(note, `The room was not created: ${error.message}.`);
      if (error.kind === 'token') {
        this.#handlers.onTokenWanted();
      }
      return;
    }
    this.newRoom.value = '';
    /** @type {HTMLDetailsElement} */ (byId('create')).open = false;
    this.#handlers.onChosen(workspace, room);
  }

  /** @param {import('./rest.js').ArenaError} error */
  #onError(error) {
    if (error.kind === 'token') {
      this.#handlers.onTokenWanted();
    } else {
      setText(this.note, `The list of rooms is not up to date: ${error.message}.`);
    }
  }
}

/** @param {RoomInfo} room */
function participantsText({ producer, consumers }) {
  const driver = producer === null ? 'No driver' : `Driver: ${producer}`;
  const count = consumers.length;
  return `${driver} · ${count} ${count === 1 ? 'viewer' : 'viewers'}`;
}
