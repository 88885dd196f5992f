// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file The rate, the latency and the age of the pictures of one connection. Pure.
 *
 * All times are in milliseconds, on the clock of this page unless a comment names another one.
 */

/** The number of pictures that the rate is computed from. */
const COUNTED = 30;
/** A picture is stale after three periods of its camera, within these limits. */
const MIN_LIMIT_MS = 1000;
const MAX_LIMIT_MS = 5000;
const LIMIT_PERIODS = 3;
/**
 * A camera is live when this number of pictures has come: a producer sends the last picture of a
 * camera that has stopped to a new viewer.
 */
const MIN_PICTURES = 3;
/** A larger latency, like a negative one, shows that the clock of the camera is not set. */
const MAX_LATENCY_MS = 3_600_000;
/** Some stamps are lost. Then the latency of the pictures before counts for this time. */
const KEEP_LATENCY_MS = 1000;
/** A report may have been delayed by chance, but hardly each of this number of reports. */
const MIN_REPORTS = 3;
/** How much two clocks may drift apart between two reports. */
const MAX_DRIFT_MS = 0.1;

/** Converts times of the producer's clock, by the reports that it sends with its pictures. */
export class SenderClock {
  /** The smallest difference between the arrival of a report here and its departure there. */
  #differenceMs = Infinity;
  #roundTripMs = Infinity;
  #count = 0;

  /**
   * Add a report of the producer. The one with the shortest way counts.
   * @param {number} sentMs when it was sent, on the clock of the producer
   * @param {number} arrivedMs
   * @param {number} roundTripMs of the network at that time
   */
  addReport(sentMs, arrivedMs, roundTripMs) {
    this.#count += 1;
    this.#differenceMs = Math.min(this.#differenceMs + MAX_DRIFT_MS, arrivedMs - sentMs);
    this.#roundTripMs = Math.min(this.#roundTripMs + MAX_DRIFT_MS, roundTripMs);
  }

  /**
   * Return a time on the clock of this page; null before the first reports.
   * @param {number} ms on the clock of the producer
   * @returns {?number}
   */
  toPage(ms) {
    return this.#count < MIN_REPORTS
      ? null
      : ms + this.#differenceMs - this.#roundTripMs / 2;
  }
}

/** The times of the pictures of one connection. */
export class PictureTimes {
  /** @type {number[]} when the last pictures were shown */
  #shown = [];
  #count = 0;
  /** @type {?number} */
  #latencyMs = null;
  /** When the last picture with a stamp was shown. */
  #stampedAt = -Infinity;

  /**
   * Add a picture.
   * @param {number} shownAt
   * @param {?number} takenAt null: not known
   */
  add(shownAt, takenAt) {
    if (this.isSilent(shownAt)) {
      this.#shown = []; // A pause does not count as a period.
    }
    this.#count += 1;
    this.#shown.push(shownAt);
    if (this.#shown.length > COUNTED) {
      this.#shown.shift();
    }
    if (takenAt !== null) {
      const latencyMs = shownAt - takenAt;
      this.#latencyMs = latencyMs >= 0 && latencyMs <= MAX_LATENCY_MS ? latencyMs : null;
      this.#stampedAt = shownAt;
    } else if (shownAt - this.#stampedAt > KEEP_LATENCY_MS) {
      this.#latencyMs = null;
    }
  }

  /** Whether the camera has sent enough pictures to be live. */
  get isEstablished() {
    return this.#count >= MIN_PICTURES;
  }

  /** When the last picture was shown; null: there is none. */
  get lastAt() {
    return this.#shown.at(-1) ?? null;
  }

  /** The time from taking a picture to showing it; null: not known. */
  get latencyMs() {
    return this.#latencyMs;
  }

  /** The number of pictures per second; null: not known. */
  get rateHz() {
    const periodMs = this.#periodMs;
    return periodMs === null ? null : 1000 / periodMs;
  }

  /** After this time, a picture is stale. */
  get limitMs() {
    const wanted = LIMIT_PERIODS * (this.#periodMs ?? 0);
    return Math.min(MAX_LIMIT_MS, Math.max(MIN_LIMIT_MS, wanted));
  }

  /**
   * Return whether the next picture is overdue.
   * @param {number} now
   */
  isSilent(now) {
    return now - (this.lastAt ?? now) > this.limitMs;
  }

  /**
   * Return why the picture is not live, as a text with its age; empty if it is live.
   * @param {number} now
   * @param {(ms: number) => string} durationText
   */
  staleText(now, durationText) {
    const silenceMs = now - (this.lastAt ?? now);
    if (this.isSilent(now)) {
      return `No picture for ${durationText(silenceMs)}`;
    }
    const ageMs = silenceMs + (this.#latencyMs ?? 0);
    if (ageMs > this.limitMs) {
      return `This picture is ${durationText(ageMs)} old`;
    }
    return this.isEstablished ? '' : 'Waiting for the next picture';
  }

  get #periodMs() {
    const { length } = this.#shown;
    if (length < 2) {
      return null;
    }
    return Math.max(1, (this.#shown[length - 1] - this.#shown[0]) / (length - 1));
  }
}
