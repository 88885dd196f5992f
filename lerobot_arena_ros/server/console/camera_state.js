// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file Explains why a camera has no picture. Pure. */

import { sentence } from './dom.js';

/** @typedef {'none' | 'no offer' | 'unreachable'} Failure */

/**
 * What is known of a camera without a picture.
 * @typedef {object} CameraFacts
 * @property {string} room
 * @property {boolean} hasWebRtc whether this browser has WebRTC
 * @property {?import('./reconnecting_link.js').LinkState} link null: the page has left the room,
 *     because the camera is not visible
 * @property {?string | undefined} producer null: the room has none; undefined: not known
 * @property {?string} stopReason why the producer has ended its stream; null: it has not
 * @property {boolean} isConnected whether there is a connection to the producer
 * @property {Failure} failure of the last attempt to get a picture
 * @property {string} error of the last answer to an offer, as a part of a sentence; may be empty
 */

/**
 * Return why there is no picture, as sentences.
 * @param {CameraFacts} facts
 * @returns {string}
 */
export function noPictureText(facts) {
  const { link, producer } = facts;
  if (!facts.hasWebRtc) {
    return 'This browser cannot show cameras, because it has no WebRTC.';
  }
  if (link === null) {
    return 'This camera is not loaded while it is not visible.';
  }
  if (link.phase === 'connecting' || (link.phase === 'joined' && producer === undefined)) {
    return 'Joining the room…';
  }
  if (link.isMissing) {
    return `There is no video room ${facts.room}. The page joins it as soon as it exists.`;
  }
  if (link.isFinal) {
    return `The server refuses this camera: ${sentence(link.reason)}`;
  }
  if (link.phase === 'lost') {
    return `No connection to the room: ${link.reason}. Trying again…`;
  }
  return producer ? producerText(facts, producer) : 'No camera sends to this room.';
}

/** @param {CameraFacts} facts @param {string} producer */
function producerText({ stopReason, error, isConnected, failure }, producer) {
  if (stopReason !== null) {
    return sentence(`${producer} has stopped sending${stopReason && `: ${stopReason}`}`);
  }
  if (error !== '') {
    return `No connection to ${producer}: ${error}. Trying again…`;
  }
  if (isConnected) {
    return `Connected to ${producer}, which sends no picture.`;
  }
  if (failure === 'no offer') {
    return `${producer} does not offer its picture. Trying again…`;
  }
  if (failure === 'unreachable') {
    return `This browser cannot reach ${producer}: check the firewalls and the network between`
      + ' them. Trying again…';
  }
  return `Connecting to ${producer}…`;
}
