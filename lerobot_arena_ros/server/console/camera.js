// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file One camera: this page in its video room, and the connection that brings the picture. */

import { CameraPeer } from './camera_peer.js';
import { noPictureText } from './camera_state.js';
import { ReconnectingLink } from './reconnecting_link.js';
import { asArenaError } from './rest.js';

/** After this time without a picture, the page joins again, which makes the producer offer. */
const FIRST_PATIENCE_MS = 5000;
/** The maximum of that time, which doubles with each attempt that brings no picture. */
const MAX_PATIENCE_MS = 60_000;
const READ_REPORTS_MS = 1000;
const MAX_EARLY_CANDIDATES = 50;

/** @typedef {import('./link.js').Message} Message */

/** Watches one video room while it is visible. */
export class Camera {
  #rooms;
  #workspace;
  #newId;
  #onTokenWanted;
  #participantId = '';
  /** @type {?ReconnectingLink} */
  #link = null;
  /** @type {?import('./reconnecting_link.js').LinkState} null: the page has left the room */
  #linkState = null;
  /** @type {?string | undefined} null: the room has none; undefined: not known */
  #producer = undefined;
  /** Counts the changes of the producer, to recognize a reply that is older than the last one. */
  #changes = 0;
  /** @type {?string} */
  #stopReason = null;
  #error = '';
  /** @type {import('./camera_state.js').Failure} */
  #failure = 'none';
  /** @type {?CameraPeer} the connection whose picture is shown */
  #shown = null;
  /** @type {?CameraPeer} a newer one, which does not send pictures yet */
  #next = null;
  /** @type {any[]} candidates, which may come before their offer */
  #earlyCandidates = [];
  #patienceMs = FIRST_PATIENCE_MS;
  #waitingSince = 0;
  #reportsReadAt = 0;

  /**
   * @param {import('./video_rooms.js').VideoRooms} rooms
   * @param {string} workspace
   * @param {string} room
   * @param {() => string} newId returns a participant id that no other client has
   * @param {() => void} onTokenWanted called if the server does not accept the token
   */
  constructor(rooms, workspace, room, newId, onTokenWanted) {
    this.room = room;
    this.#rooms = rooms;
    this.#workspace = workspace;
    this.#newId = newId;
    this.#onTokenWanted = onTokenWanted;
  }

  /** The times of the picture that is shown; null: there is none. */
  get times() {
    return this.#shown !== null && this.#shown.times.lastAt !== null ? this.#shown.times : null;
  }

  /** The videos of this camera: the one that is shown, and the one that will replace it. */
  get videos() {
    return [this.#shown, this.#next].flatMap((peer) => (peer === null ? [] : [peer.video]));
  }

  /** Why there is no picture, as sentences. */
  get noPictureText() {
    const phase = this.#shown?.phase;
    return noPictureText({
      room: this.room,
      hasWebRtc: hasWebRtc(),
      link: this.#linkState,
      producer: this.#producer,
      stopReason: this.#stopReason,
      isConnected: phase === 'connected',
      failure: phase === 'failed' ? 'unreachable' : this.#failure,
      error: this.#error,
    });
  }

  /** Join the room; do nothing if the page is in the room. */
  start() {
    if (this.#link === null && hasWebRtc()) {
      this.#patienceMs = FIRST_PATIENCE_MS;
      this.#join();
    }
  }

  /** Leave the room, and end the connection. */
  stop() {
    this.#leave();
    this.#dropPicture();
    this.#linkState = null;
    this.#producer = undefined;
    this.#stopReason = null;
    this.#error = '';
    this.#failure = 'none';
  }

  /** Join again now, because the token may allow now what it did not before. */
  retryNow() {
    if (this.#linkState?.isFinal) {
      this.stop();
      this.start();
    }
  }

  /**
   * Join again if no picture has come for some time.
   * @param {number} now
   */
  tick(now) {
    if (this.#shown !== null && now - this.#reportsReadAt > READ_REPORTS_MS) {
      this.#reportsReadAt = now;
      this.#shown.readReports();
    }
    // While the server restarts, the picture may go on, because it does not pass the server.
    if (this.#producer === null && this.#shown?.times.isSilent(now)) {
      this.#dropPicture();
    }
    const isWaiting = this.#linkState?.phase === 'joined' && this.#producer !== null
      && this.#stopReason === null;
    if (isWaiting && now - this.#waitingSince > this.#patienceMs) {
      this.#joinAgain();
    }
  }

  /** Leave and join, because that alone makes a producer offer its picture again. */
  #joinAgain() {
    this.#patienceMs = Math.min(2 * this.#patienceMs, MAX_PATIENCE_MS);
    const peer = this.#next ?? this.#shown;
    if (peer === null) {
      this.#failure = 'no offer';
    } else if (peer.phase !== 'connected') {
      this.#failure = 'unreachable';
    }
    this.#dropUnseen();
    this.#leave();
    this.#join();
  }

  #join() {
    this.#participantId = this.#newId();
    this.#earlyCandidates = [];
    this.#link = new ReconnectingLink(
      this.#rooms, this.#workspace, this.room, this.#participantId,
      {
        onState: (state) => this.#onLink(state),
        onMessage: (message) => this.#onMessage(message),
        onRoundTrip: () => {},
        onTokenWanted: this.#onTokenWanted,
      },
    );
  }

  #leave() {
    this.#link?.close();
    this.#link = null;
  }

  #dropPicture() {
    this.#shown?.close();
    this.#next?.close();
    this.#shown = this.#next = null;
  }

  /** Drop the connections that have not brought a picture; keep the last picture. */
  #dropUnseen() {
    this.#next?.close();
    this.#next = null;
    if (this.times === null) {
      this.#shown?.close();
      this.#shown = null;
    }
  }

  #expectPicture() {
    this.#waitingSince = performance.now();
  }

  /** @param {import('./reconnecting_link.js').LinkState} state */
  #onLink(state) {
    this.#linkState = state;
    if (state.phase === 'joined') {
      this.#expectPicture();
      this.#findProducer();
    }
    if (state.isFinal || state.isMissing) {
      this.#dropPicture();
    }
  }

  /** Find out over REST whether the room has a producer: a reply to a join does not contain it. */
  async #findProducer() {
    const changes = this.#changes;
    try {
      const { producer } = await this.#rooms.room(this.#workspace, this.room);
      if (changes === this.#changes && this.#link !== null) {
        this.#setProducer(producer);
      }
    } catch {
      // It stays unknown. Then the page joins again after some seconds without a picture.
    }
  }

  /** @param {?string} producer */
  #setProducer(producer) {
    this.#changes += 1;
    if (producer !== this.#producer) {
      this.#producer = producer;
      this.#failure = 'none';
      this.#error = '';
    }
    this.#stopReason = null;
    this.#expectPicture();
  }

  /** @param {Message} message */
  #onMessage(message) {
    switch (message.type) {
      case 'participant_joined':
        if (message.role === 'producer') {
          this.#setProducer(String(message.participant_id));
        }
        break;
      case 'participant_left':
        if (message.role === 'producer') {
          this.#setProducer(null);
        }
        break;
      case 'stream_stopped':
        this.#stopReason = String(message.reason ?? '');
        this.#dropPicture();
        break;
      case 'stream_started':
        this.#stopReason = null;
        this.#expectPicture();
        break;
      case 'webrtc_offer':
        this.#onOffer(String(message.from_producer), String(message.offer?.sdp));
        break;
      case 'webrtc_ice':
        this.#onCandidate(message.candidate);
        break;
      default:
    }
  }

  /** @param {string} producer @param {string} sdp */
  async #onOffer(producer, sdp) {
    // Some producers offer before they have a picture, and again when they have one.
    if (!sdp.includes('m=')) {
      return;
    }
    this.#setProducer(producer);
    this.#dropUnseen();
    const peer = new CameraPeer(() => this.#onPicture(peer));
    if (this.#shown === null) {
      this.#shown = peer;
    } else {
      this.#next = peer;
    }
    try {
      const answered = peer.answer(sdp);
      this.#earlyCandidates.splice(0).forEach((candidate) => peer.addCandidate(candidate));
      const answer = { type: 'answer', sdp: await answered, target_producer: producer };
      await this.#rooms.signal(this.#workspace, this.room, this.#participantId, answer);
      this.#error = '';
    } catch (error) {
      if (peer === this.#shown || peer === this.#next) {
        this.#error = asArenaError(error).message;
      }
    }
  }

  /** @param {any} candidate */
  #onCandidate(candidate) {
    // It may belong to this offer or to the next one, which it has overtaken.
    (this.#next ?? this.#shown)?.addCandidate(candidate);
    this.#earlyCandidates.push(candidate);
    if (this.#earlyCandidates.length > MAX_EARLY_CANDIDATES) {
      this.#earlyCandidates.shift();
    }
  }

  /** @param {CameraPeer} peer */
  #onPicture(peer) {
    if (!peer.times.isEstablished) {
      return;
    }
    this.#expectPicture();
    this.#patienceMs = FIRST_PATIENCE_MS;
    this.#failure = 'none';
    this.#error = '';
    if (peer === this.#next) {
      this.#shown?.close();
      this.#shown = peer;
      this.#next = null;
    }
  }
}

function hasWebRtc() {
  return typeof RTCPeerConnection === 'function';
}
