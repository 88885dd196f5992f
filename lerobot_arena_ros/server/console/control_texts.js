// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file The sentences about who has control of a room, and how this page gets it. */

import { isDriverId } from './participant_id.js';

/** @typedef {import('./control_state.js').Control} Control */

/**
 * What the sentences depend on.
 * @typedef {object} Situation
 * @property {import('./driver_link.js').DriveState} drive
 * @property {string} note the note of `drive` with its time; may be empty
 * @property {?string} other id of another participant that has control; null: none is known
 * @property {string} policy of the room, see {@link Control}
 * @property {import('./reconnecting_link.js').LinkState['phase']} linkPhase
 * @property {boolean} isFinal whether a lost link is not joined again automatically
 * @property {boolean} isLocked whether nothing is sent, because of a stop
 * @property {string} noDriveReason why the token does not allow driving; empty if it does
 */

/**
 * Return why this page has no control any more, as sentences.
 * @param {Control} control of now
 * @param {(id: string) => string} nameOf returns the displayed name of a participant
 */
export function lossText({ holder, change, by }, nameOf) {
  const who = nameOf(by);
  if (change === 'given' && who === 'this page') {
    return `Control was given to ${holder}.`;
  }
  return `${causeText(change, who, holder)} Nothing more is sent.`;
}

/** @param {string} change @param {string} who @param {?string} holder */
function causeText(change, who, holder) {
  switch (change) {
    case 'taken':
      return `${who} took control from this page.`;
    case 'given':
      return `${who} gave control to ${holder}.`;
    case 'revoked':
      return `The robot ${who} ended the control of this page.`;
    case 'stopped':
      return `The stop by ${who} ended the control of this page.`;
    default:
      return `Control was lost: ${holder ?? 'nobody'} has control now.`;
  }
}

/**
 * Return the text of the button that takes control.
 * @param {Situation} situation
 */
export function takeText({ other, policy }) {
  return other !== null && policy === 'ask' ? 'Ask for control' : 'Take control';
}

/**
 * Return who drives, and what the user can do.
 * @param {Situation} situation
 */
export function noteText({ drive, note, other, policy, linkPhase, isFinal, isLocked, ...more }) {
  if (drive.phase === 'driving') {
    return joined(note, drivingText(policy, isLocked));
  }
  if (linkPhase !== 'joined') {
    const isTemporary = linkPhase === 'lost' && !isFinal;
    return joined(note, isTemporary ? 'You can take control when the link is back.' : '');
  }
  if (more.noDriveReason !== '') {
    return `You cannot take control: ${more.noDriveReason}.`;
  }
  if (drive.phase === 'requesting') {
    return 'Control is requested.';
  }
  if (drive.phase === 'asking') {
    return `${other ?? 'The driver'} is asked for control, and can give or refuse it. Without an`
      + ' answer the request ends after 10 s.';
  }
  return joined(note, other === null ? '' : otherDriverText(other, policy));
}

/**
 * Return why the joints cannot be moved; empty if they can.
 * @param {Situation} situation
 */
export function fixedJointsText({ drive, other, linkPhase, isLocked, noDriveReason, ...more }) {
  if (linkPhase !== 'joined') {
    return 'The joints cannot be moved: the link is lost. The values are old.';
  }
  if (isLocked) {
    return 'The joints cannot be moved: this page is locked after the stop. Unlock it first.';
  }
  if (drive.phase === 'driving') {
    return '';
  }
  if (noDriveReason !== '') {
    return `The joints cannot be moved: ${noDriveReason}.`;
  }
  if (other !== null) {
    return `The joints cannot be moved: ${other} drives this room.`;
  }
  const button = takeText({ drive, other, linkPhase, isLocked, noDriveReason, ...more });
  return `The joints cannot be moved: this page does not drive. Press ${button}.`;
}

/** @param {string} policy @param {boolean} isLocked */
function drivingText(policy, isLocked) {
  if (isLocked) {
    return 'This page drives, but it is locked after the stop.';
  }
  const others = policy === 'take' ? 'Other drivers of this room can take control at once.' : '';
  return joined('This page drives. A joint moves only when you move it.', others);
}

/**
 * Return which other participant drives a room, and how this page can get control.
 * @param {string} id of the participant that drives
 * @param {string} policy of the room
 */
function otherDriverText(id, policy) {
  if (policy === 'take') {
    return `${id} drives this room. You can take control at once.`;
  }
  if (policy === 'ask') {
    return `${id} drives this room. You can ask it for control.`;
  }
  const remedy = isDriverId(id)
    ? 'It is another page of this console: press Release there.'
    : 'Ask its operator to release control, or end that program.';
  return `${id} drives this room. ${remedy} Then take control here: a driver of this room keeps`
    + ' control until it releases it.';
}

/** @param {string[]} sentences */
function joined(...sentences) {
  return sentences.filter((each) => each !== '').join(' ');
}
