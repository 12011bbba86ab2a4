// @ts-check
/**
 * In how many columns pictures are largest, all in view; on a narrow screen at least two side by side, and scrolled.
 * @param {number} count @param {number} shape width by height of a picture @param {number} width @param {number} height
 */
export function columnsFor(count, shape, width, height, gap = 8) {
  let best = { columns: 1, tile: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const wide = (width - gap * (columns - 1)) / columns;
    const high = ((height - gap * (rows - 1)) / rows) * shape;
    const tile = Math.floor(Math.min(wide, high));
    if (tile > best.tile) best = { columns, tile };
  }
  const smallest = Math.min(width < 600 ? (width - gap) / 2 : 150, width);
  if (best.tile >= smallest) return best;
  const columns = Math.max(Math.floor((width + gap) / (smallest + gap)), 1);
  return { columns, tile: Math.floor((width - gap * (columns - 1)) / columns) };
}
