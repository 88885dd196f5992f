// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file Reports when the browser pauses this page, resumes it, and shows it. */

/**
 * Callbacks of the page's lifecycle.
 * @typedef {object} LifecycleHandlers
 * @property {() => void} onPause no requests are allowed from now on, possibly for hours
 * @property {() => void} onResume
 * @property {() => void} onShown needed because some browsers pause a hidden page without an event
 */

/** @param {LifecycleHandlers} handlers */
export function followLifecycle({ onPause, onResume, onShown }) {
  let isPaused = false;
  const onPauseEvent = () => {
    if (!isPaused) {
      isPaused = true;
      onPause();
    }
  };
  const onResumeEvent = () => {
    if (isPaused) {
      isPaused = false;
      onResume();
    }
  };
  window.addEventListener('pagehide', onPauseEvent);
  document.addEventListener('freeze', onPauseEvent);
  window.addEventListener('pageshow', onResumeEvent);
  document.addEventListener('resume', onResumeEvent);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && !isPaused) {
      onShown();
    }
  });
}
