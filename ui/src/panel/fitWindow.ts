/**
 * Reports the height that the page needs, now and after every change. `content` scrolls what is in its only child; all
 * else on the page keeps its height.
 */
export function fitWindow(content: HTMLElement, fit: (height: number) => void): () => void {
  let reported = 0;
  let isPlanned = false;

  function measure(): void {
    isPlanned = false;
    const inner = content.firstElementChild;
    if (!(inner instanceof HTMLElement)) return;
    const fixed = window.innerHeight - content.clientHeight;
    // It fills the window otherwise, and so never asks for less.
    inner.style.minHeight = "0";
    const height = Math.ceil(inner.getBoundingClientRect().height) + fixed;
    inner.style.minHeight = "";
    if (height === reported) return;
    reported = height;
    fit(height);
  }

  function plan(): void {
    if (isPlanned) return;
    isPlanned = true;
    requestAnimationFrame(measure);
  }

  const changes = new MutationObserver(plan);
  changes.observe(document.body, { subtree: true, childList: true, characterData: true });
  const sizes = new ResizeObserver(plan);
  sizes.observe(content);
  plan();
  return () => {
    changes.disconnect();
    sizes.disconnect();
  };
}
