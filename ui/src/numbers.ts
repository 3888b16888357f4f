/** A whole number as a person writes it; null for anything else. */
export function wholeNumber(text: string): number | null {
  const digits = text.trim();
  return /^\d{1,9}$/.test(digits) ? Number(digits) : null;
}

/** Whole numbers with commas or spaces between, the lowest first; null if there is anything else. */
export function wholeNumbers(text: string): number[] | null {
  const words = text.split(/[\s,;%]+/).filter((word) => word !== "");
  const numbers = words.map(wholeNumber);
  if (numbers.includes(null)) return null;
  return (numbers as number[]).sort((a, b) => a - b);
}
