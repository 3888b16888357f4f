/** Parses a whole number as a user types it; null for anything else. */
export function wholeNumber(text: string): number | null {
  const digits = text.trim();
  return /^\d{1,9}$/.test(digits) ? Number(digits) : null;
}

/** Parses whole numbers separated by commas or spaces, and sorts them; null for anything else. */
export function wholeNumbers(text: string): number[] | null {
  const words = text.split(/[\s,;%]+/).filter((word) => word !== "");
  const numbers = words.map(wholeNumber);
  if (numbers.includes(null)) return null;
  return (numbers as number[]).sort((a, b) => a - b);
}
