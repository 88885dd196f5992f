// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file One WebRTC connection to the producer of a video room, from its offer to its end. */

import { decodeStamp, STAMPS_LABEL, StampMatcher } from './picture_stamps.js';
import { PictureTimes, SenderClock } from './picture_times.js';

/** After this time, the answer is sent with the candidates that were found. */
const GATHER_MS = 2000;
/** A producer of this package offers stamps only if an answer has this line; others ignore it. */
const WANTS_STAMPS = 'a=x-lerobot-arena-ros-stamps';
/** The period of checks for new pictures in a browser without requestVideoFrameCallback. */
const POLL_MS = 100;

/** A connection cannot be used for another offer: a producer that offers again gets another. */
export class CameraPeer {
  #connection = new RTCPeerConnection();
  #onPicture;
  #stamps = new StampMatcher();
  #clock = new SenderClock();
  #reportSentMs = 0;
  #pollTimer = 0;
  #polledPictures = 0;

  /** @param {() => void} onPicture called when the video shows another picture */
  constructor(onPicture) {
    this.#onPicture = onPicture;
    this.times = new PictureTimes();
    this.video = document.createElement('video');
    Object.assign(this.video, { muted: true, autoplay: true, playsInline: true });
    this.#connection.ontrack = ({ track, receiver }) => this.#onTrack(track, receiver);
    this.#connection.ondatachannel = ({ channel }) => this.#onChannel(channel);
  }

  /** @returns {'connecting' | 'connected' | 'failed'} */
  get phase() {
    const state = this.#connection.connectionState;
    if (state === 'failed' || state === 'closed') {
      return 'failed';
    }
    return state === 'connected' ? 'connected' : 'connecting';
  }

  /**
   * Answer the offer of the producer.
   * @param {string} sdp of the offer
   * @returns {Promise<string>} the SDP of the answer, with the candidates of this browser
   */
  async answer(sdp) {
    const connection = this.#connection;
    await connection.setRemoteDescription({ type: 'offer', sdp });
    for (const transceiver of connection.getTransceivers()) {
      if (transceiver.receiver.track.kind !== 'video') {
        transceiver.direction = 'inactive';
      }
    }
    await connection.setLocalDescription();
    await gathered(connection);
    return askingForStamps(connection.localDescription?.sdp ?? '');
  }

  /**
   * Add a candidate of the producer.
   * @param {any} candidate null after the last one
   */
  async addCandidate(candidate) {
    try {
      await this.#connection.addIceCandidate(candidate);
    } catch {
      // A candidate that this browser does not understand is one fewer to try.
    }
  }

  /** Read the reports of the producer, which show its clock. */
  async readReports() {
    let stats;
    try {
      stats = await this.#connection.getStats();
    } catch {
      return; // The connection has been closed meanwhile.
    }
    let roundTripMs = 0;
    stats.forEach((each) => {
      if (each.type === 'candidate-pair' && each.nominated && each.currentRoundTripTime > 0) {
        roundTripMs = each.currentRoundTripTime * 1000;
      }
    });
    stats.forEach((each) => {
      const sentMs = each.type === 'remote-outbound-rtp' ? each.remoteTimestamp : NaN;
      if (sentMs > 0 && sentMs !== this.#reportSentMs) {
        this.#reportSentMs = sentMs;
        this.#clock.addReport(sentMs, each.timestamp - performance.timeOrigin, roundTripMs);
      }
    });
  }

  /** End the connection, and remove the picture. */
  close() {
    clearInterval(this.#pollTimer);
    this.#connection.close();
    this.video.srcObject = null;
    this.video.remove();
  }

  /** @param {MediaStreamTrack} track @param {RTCRtpReceiver} receiver */
  #onTrack(track, receiver) {
    if (track.kind !== 'video') {
      return;
    }
    // A picture that is shown late is worse than one that is left out.
    receiver.jitterBufferTarget = 0;
    this.video.srcObject = new MediaStream([track]);
    // A browser that refuses to play without a click, for example to save power, throws here.
    this.video.play().catch(() => {});
    if ('requestVideoFrameCallback' in this.video) {
      this.#awaitPicture();
    } else {
      this.#pollTimer = setInterval(() => this.#pollPictures(), POLL_MS);
    }
  }

  #awaitPicture() {
    this.video.requestVideoFrameCallback((now, { expectedDisplayTime, rtpTimestamp }) => {
      const stampMs = rtpTimestamp === undefined ? null : this.#stamps.stampMs(rtpTimestamp);
      const takenAt = stampMs === null ? null : this.#clock.toPage(stampMs);
      this.times.add(Math.max(now, expectedDisplayTime), takenAt);
      this.#onPicture();
      this.#awaitPicture();
    });
  }

  #pollPictures() {
    const { totalVideoFrames } = this.video.getVideoPlaybackQuality();
    if (totalVideoFrames !== this.#polledPictures) {
      this.#polledPictures = totalVideoFrames;
      this.times.add(performance.now(), null);
      this.#onPicture();
    }
  }

  /** @param {RTCDataChannel} channel */
  #onChannel(channel) {
    if (channel.label !== STAMPS_LABEL) {
      return;
    }
    channel.binaryType = 'arraybuffer';
    channel.onmessage = ({ data }) => {
      const stamp = decodeStamp(data);
      if (stamp !== null) {
        this.#stamps.add(stamp.ticks, stamp.stampMs);
      }
    };
  }
}

/**
 * Return an answer that asks for an offer with a channel for stamps.
 * @param {string} answer
 */
function askingForStamps(answer) {
  return answer.replace('\r\nm=', `\r\n${WANTS_STAMPS}\r\nm=`);
}

/**
 * Wait until a connection has found its candidates.
 * @param {RTCPeerConnection} connection
 */
async function gathered(connection) {
  if (connection.iceGatheringState === 'complete') {
    return;
  }
  await new Promise((resolve) => {
    connection.addEventListener('icegatheringstatechange', () => {
      if (connection.iceGatheringState === 'complete') {
        resolve(null);
      }
    });
    setTimeout(resolve, GATHER_MS);
  });
}
