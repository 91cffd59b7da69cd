import { useLayoutEffect, useRef } from "react";

const NEAR_PX = 60;

/** Keeps a scrolled list at its end when something is added, unless the user has scrolled up. */
export function useStickToEnd<Element extends HTMLElement>(content: unknown) {
  const element = useRef<Element>(null);
  const isAtEnd = useRef(true);

  const onScroll = () => {
    const { scrollHeight, scrollTop, clientHeight } = element.current!;
    isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_PX;
  };

  useLayoutEffect(() => {
    if (isAtEnd.current && element.current)
      element.current.scrollTop = element.current.scrollHeight;
  }, [content]);

  return { ref: element, onScroll };
}
