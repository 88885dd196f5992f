/** @file When the browser pauses this page, lets it run again, and shows it. */

/**
 * Handlers of what the browser does with the page.
 * @typedef {object} LifecycleHandlers
 * @property {() => void} onPause no requests are allowed from now on, perhaps for hours
 * @property {() => void} onResume
 * @property {() => void} onShown some browsers pause a hidden page without an event
 */

/** @param {LifecycleHandlers} handlers */
export function followLifecycle({ onPause, onResume, onShown }) {
  let isPaused = false;
  for (const [target, type] of [[window, 'pagehide'], [document, 'freeze']]) {
    target.addEventListener(type, () => {
      if (!isPaused) {
        isPaused = true;
        onPause();
      }
    });
  }
  for (const [target, type] of [[window, 'pageshow'], [document, 'resume']]) {
    target.addEventListener(type, () => {
      if (isPaused) {
        isPaused = false;
        onResume();
      }
    });
  }
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && !isPaused) {
      onShown();
    }
  });
}
