import SvgIcon, { type SvgIconProps } from "@mui/material/SvgIcon";

/** Makes an icon of strokes on a 24 × 24 ground. */
function strokes(path: string) {
  return function Icon(props: SvgIconProps) {
    return (
      <SvgIcon fontSize="small" {...props}>
        <path
          d={path}
          fill="none"
          stroke="currentColor"
          strokeWidth="1.9"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </SvgIcon>
    );
  };
}

export const CopyIcon = strokes("M9 9h11v11H9zM15 9V4H4v11h5");
export const CheckIcon = strokes("M5 12.5l4.5 4.5L19 7.5");
export const CloseIcon = strokes("M7 7l10 10M17 7L7 17");
export const SendIcon = strokes("M4 12h14M12.5 6l6 6-6 6");
export const SunIcon = strokes(
  "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4",
);
export const MoonIcon = strokes("M20 14.5A8.3 8.3 0 0 1 9.5 4a8.3 8.3 0 1 0 10.5 10.5z");
export const ScreenIcon = strokes("M3.5 5h17v11.5h-17zM9 20h6");
