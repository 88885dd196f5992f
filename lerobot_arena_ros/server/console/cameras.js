// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file The cameras of the open room: finds them, shows them, and lets the user choose. */

import { Camera } from './camera.js';
import { CameraChoice } from './camera_choice.js';
import { cameraName, camerasOf, exampleCamera } from './camera_names.js';
import { CameraTile } from './camera_tile.js';
import { byId, setText } from './dom.js';
import { asArenaError } from './rest.js';
import { VideoRooms } from './video_rooms.js';

const POLL_MS = 2000;
const TICK_MS = 250;

/** The panel of the cameras: each has a tile. */
export class Cameras {
  #arena;
  #rooms;
  #idPrefix;
  #idCount = 0;
  #onTokenWanted;
  #workspace = '';
  /** @type {?string} the open room */
  #room = null;
  /** @type {?CameraChoice} */
  #choice = null;
  /** @type {?string[]} the rooms of the workspace; null: not known */
  #jointRooms = null;
  /** @type {?string[]} the video rooms of the workspace; null: not known */
  #videoRooms = null;
  #error = '';
  /** @type {Map<string, CameraTile>} by video room */
  #tiles = new Map();
  /** @type {Set<Element>} the elements of tiles that are within the window */
  #inWindow = new Set();
  #isRunning = true;
  #timer = 0;
  #list = byId('cameras');
  #select = /** @type {HTMLSelectElement} */ (byId('add-camera'));
  #visibility = new IntersectionObserver((entries) => this.#onVisible(entries));

  /**
   * @param {import('./rest.js').Arena} arena
   * @param {string} idPrefix of the participant ids of this page
   * @param {() => void} onTokenWanted called if the server does not accept the token
   */
  constructor(arena, idPrefix, onTokenWanted) {
    this.#arena = arena;
    this.#rooms = new VideoRooms(arena);
    this.#idPrefix = idPrefix;
    this.#onTokenWanted = onTokenWanted;
    this.#select.addEventListener('change', () => this.#add(this.#select.value));
    document.addEventListener('visibilitychange', () => this.#showVisibility());
    setInterval(() => this.#tick(), TICK_MS);
  }

  /**
   * Show the cameras of another room.
   * @param {string} workspace
   * @param {?string} room null: no room is open
   */
  open(workspace, room) {
    [...this.#tiles.keys()].forEach((each) => this.#remove(each));
    this.#workspace = workspace;
    this.#room = room;
    this.#choice = room === null ? null : new CameraChoice(this.#arena.path, workspace, room);
    this.#videoRooms = null;
    this.#jointRooms = null;
    this.#error = '';
    this.#show();
    this.#refresh();
  }

  /** @param {string[]} rooms all rooms of the workspace, whose names tell cameras apart */
  setRooms(rooms) {
    if (rooms.join('\n') !== this.#jointRooms?.join('\n')) {
      this.#jointRooms = rooms;
      this.#show();
    }
  }

  /** Leave all rooms, because the browser freezes the page. */
  pause() {
    this.#isRunning = false;
    clearTimeout(this.#timer);
    this.#tiles.forEach((tile) => tile.stop());
  }

  /** Join again after {@link pause}. */
  resume() {
    this.#isRunning = true;
    this.#showVisibility();
    this.#refresh();
  }

  /** Join the rooms that the token did not allow before. */
  retryNow() {
    this.#tiles.forEach((tile) => tile.retryNow());
    this.#refresh();
  }

  async #refresh() {
    clearTimeout(this.#timer);
    const choice = this.#choice;
    if (choice === null || !this.#isRunning) {
      return;
    }
    try {
      const rooms = document.hidden ? null : await this.#rooms.list(this.#workspace);
      if (choice === this.#choice && rooms !== null) {
        this.#videoRooms = rooms.map(({ id }) => id).sort((a, b) => a.localeCompare(b));
        this.#error = '';
        this.#show();
      }
    } catch (caught) {
      if (choice === this.#choice) {
        this.#onError(asArenaError(caught));
      }
    }
    if (choice === this.#choice && this.#isRunning) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#refresh(), POLL_MS);
    }
  }

  /** @param {import('./rest.js').ArenaError} error */
  #onError(error) {
    if (error.kind === 'token') {
      this.#onTokenWanted();
      return;
    }
    this.#error = error.kind === 'missing'
      ? 'This arena has no video rooms.'
      : `The list of cameras is not up to date: ${error.message}.`;
    this.#show();
  }

  #show() {
    const room = this.#room ?? '';
    const all = this.#videoRooms ?? [];
    const found = this.#jointRooms === null ? [] : camerasOf(room, this.#jointRooms, all);
    const wanted = this.#choice?.select(found, all) ?? [];
    [...this.#tiles.keys()].filter((each) => !wanted.includes(each))
      .forEach((each) => this.#remove(each));
    wanted.forEach((each, index) => {
      const { element } = this.#tile(each, room);
      // A picture that is moved in the page starts again.
      if (this.#list.children[index] !== element) {
        this.#list.insertBefore(element, this.#list.children[index] ?? null);
      }
    });
    this.#showSelect(all.filter((each) => !wanted.includes(each)));
    setText(byId('cameras-note'), this.#noteText(wanted.length, found.length, all.length));
  }

  /** @param {number} shown @param {number} found @param {number} known */
  #noteText(shown, found, known) {
    const isKnown = this.#videoRooms !== null && this.#jointRooms !== null;
    if (this.#error !== '' || shown > 0 || !isKnown) {
      return this.#error;
    }
    if (found > 0) {
      return 'The cameras of this room are hidden. Add them to see them again.';
    }
    const example = exampleCamera(this.#room ?? '');
    const rule = 'This room has no camera. A camera belongs to this room by the name of its video'
      + ` room, for example ${example}.`;
    return known === 0 ? rule : `${rule} You can add the other cameras of this workspace.`;
  }

  /** @param {string[]} names of the video rooms that are not shown */
  #showSelect(names) {
    const known = [...this.#select.options].slice(1).map((option) => option.value);
    if (names.join('\n') !== known.join('\n')) {
      this.#select.replaceChildren(new Option('select…', ''), ...names.map((each) => new Option(each)));
    }
    byId('camera-choice').hidden = names.length === 0;
  }

  /** @param {string} videoRoom @param {string} room */
  #tile(videoRoom, room) {
    let tile = this.#tiles.get(videoRoom);
    if (tile === undefined) {
      const camera = new Camera(
        this.#rooms, this.#workspace, videoRoom, () => this.#newId(), this.#onTokenWanted,
      );
      tile = new CameraTile(camera, cameraName(room, videoRoom), () => this.#hide(videoRoom));
      this.#tiles.set(videoRoom, tile);
      this.#visibility.observe(tile.element);
    }
    return tile;
  }

  /** Return a participant id that no other page has and that this page has not used before. */
  #newId() {
    this.#idCount += 1;
    return `${this.#idPrefix}-camera-${this.#idCount}`;
  }

  /** @param {string} videoRoom */
  #add(videoRoom) {
    if (videoRoom !== '') {
      this.#choice?.show(videoRoom);
      this.#show();
      this.#select.value = '';
    }
  }

  /** @param {string} videoRoom */
  #hide(videoRoom) {
    this.#choice?.hide(videoRoom);
    this.#show();
    // The button that had the focus is gone.
    this.#select.focus();
  }

  /** @param {string} videoRoom */
  #remove(videoRoom) {
    const tile = this.#tiles.get(videoRoom);
    if (tile !== undefined) {
      this.#visibility.unobserve(tile.element);
      this.#inWindow.delete(tile.element);
      this.#tiles.delete(videoRoom);
      tile.stop();
      tile.element.remove();
    }
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #onVisible(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) {
        this.#inWindow.add(target);
      } else {
        this.#inWindow.delete(target);
      }
    }
    this.#showVisibility();
  }

  #showVisibility() {
    for (const tile of this.#tiles.values()) {
      const isInWindow = this.#inWindow.has(tile.element);
      tile.setVisible(this.#isRunning && !document.hidden && isInWindow);
    }
  }

  #tick() {
    const now = performance.now();
    this.#tiles.forEach((tile) => tile.show(now));
  }
}
