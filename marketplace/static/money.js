// Money is whole fen. Amounts pass through text, never through a fraction: 0.1 + 0.2 is no price.

export const FEN_MAX = 10n ** 13n;
const TYPED = /^(\d{1,12})(?:\.(\d{1,2}))?$/;

/** 123456 -> "1,234.56". */
export function yuan(fen) {
  const amount = BigInt(fen);
  const whole = (amount / 100n).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  return `${whole}.${(amount % 100n).toString().padStart(2, "0")}`;
}

/** 123456 -> "¥1,234.56"; nothing -> a dash. */
export function money(fen) {
  return fen === null || fen === undefined ? "—" : `¥${yuan(fen)}`;
}

/** "1,234.5" or "１２３４．５" -> 123450; what is no amount -> null. */
export function fenFrom(text) {
  const plain = text.normalize("NFKC").replace(/[\s,，¥￥元]/g, "");
  const parts = TYPED.exec(plain);
  if (parts === null) return null;
  const fen = BigInt(parts[1]) * 100n + BigInt((parts[2] ?? "").padEnd(2, "0"));
  return fen > 0n && fen <= FEN_MAX ? Number(fen) : null;
}
