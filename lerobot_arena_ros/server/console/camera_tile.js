// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file Shows one camera: its picture with rate, latency and size, or why there is none. */

import { durationText, fromTemplate, part, setText } from './dom.js';

/** A page that is not visible leaves the room after this time, so that scrolling costs nothing. */
const LEAVE_MS = 2000;

/** One camera in the list. */
export class CameraTile {
  #camera;
  #label;
  #isVisible = false;
  #leaveTimer = 0;
  #frame;
  #mark;
  #reason;

  /**
   * @param {import('./camera.js').Camera} camera
   * @param {string} name to be shown
   * @param {() => void} onHide called when the user hides the camera
   */
  constructor(camera, name, onHide) {
    this.#camera = camera;
    this.#label = `camera ${name}`;
    this.element = fromTemplate('camera-template');
    this.element.dataset.camera = camera.room;
    this.#frame = part(this.element, 'camera-frame');
    this.#mark = part(this.element, 'camera-mark');
    this.#reason = part(this.element, 'camera-reason');
    setText(part(this.element, 'camera-name'), name);
    const hide = part(this.element, 'camera-hide');
    hide.setAttribute('aria-label', `Hide ${this.#label}`);
    hide.addEventListener('click', onHide);
  }

  /** @param {boolean} isVisible whether the user can see this camera */
  setVisible(isVisible) {
    if (isVisible === this.#isVisible) {
      return;
    }
    this.#isVisible = isVisible;
    clearTimeout(this.#leaveTimer);
    if (isVisible) {
      this.#camera.start();
    } else {
      this.#leaveTimer = setTimeout(() => this.#camera.stop(), LEAVE_MS);
    }
  }

  /** Leave the room now. */
  stop() {
    this.#isVisible = false;
    clearTimeout(this.#leaveTimer);
    this.#camera.stop();
  }

  /** Join again now if the server has refused the token. */
  retryNow() {
    this.#camera.retryNow();
  }

  /** @param {number} now */
  show(now) {
    const camera = this.#camera;
    camera.tick(now);
    for (const video of camera.videos) {
      if (video.parentElement !== this.#frame) {
        // Behind the picture that is shown, which it will replace.
        this.#frame.prepend(video);
      }
    }
    const { times } = camera;
    const stale = times?.staleText(now, durationText) ?? '';
    const [video] = camera.videos;
    this.#frame.classList.toggle('stale', stale !== '');
    setText(this.#mark, stale);
    setText(this.#reason, times === null ? camera.noPictureText : '');
    video?.setAttribute('aria-label', `${this.#label}: ${stale || 'live picture'}`);
    this.#showFigures(times, stale !== '', video);
  }

  /**
   * @param {?import('./picture_times.js').PictureTimes} times
   * @param {boolean} isStale
   * @param {HTMLVideoElement | undefined} video
   */
  #showFigures(times, isStale, video) {
    const [rate, latency, size] = ['camera-rate', 'camera-latency', 'camera-size']
      .map((name) => part(this.element, name));
    const { rateHz = null, latencyMs = null } = times ?? {};
    setText(rate, rateHz === null || isStale ? '' : `${rateHz.toFixed(rateHz < 10 ? 1 : 0)} fps`);
    const latencyText = latencyMs === null ? 'latency unknown' : `${latencyMs.toFixed(0)} ms latency`;
    setText(latency, times === null || isStale ? '' : latencyText);
    const hasSize = times !== null && video !== undefined && video.videoWidth > 0;
    setText(size, hasSize ? `${video.videoWidth} × ${video.videoHeight}` : '');
  }
}
