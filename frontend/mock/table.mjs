// A table of the form of api/table, with invented words.
const COLUMNS = [
  "Gaussian",
  "Student-t",
  "Identity",
  "Graph weights",
  "Uniform kNN",
  "Positive pairs",
  "Cross-modal pairs",
  "Uniform over classes",
  "Data-label pairs",
];
const ROWS = [
  "Gaussian",
  "Gaussian, sigma -> inf",
  "Gaussian, sigma -> 0",
  "Student-t",
  "Uniform on clusters",
];
const FAMILIES = [
  ["dimension reduction", "#89C3FC"],
  ["clustering", "#35AB86"],
  ["contrastive", "#B53F88"],
  ["multimodal", "#552F9F"],
  ["supervised", "#C5CE4A"],
  ["language", "#783C35"],
];
const NAMED = {
  "0 0": ["SNE", 0],
  "3 0": ["t-SNE", 0],
  "1 2": ["PCA", 0],
  "0 5": ["SimCLR", 2],
  "0 6": ["CLIP", 3],
  "0 7": ["SupCon", 4],
  "0 8": ["Cross entropy", 4],
  "4 0": ["k-means", 1],
  "4 3": ["Normalised cuts", 1],
  "3 5": ["t-SimCLR", 2],
};
const GAPS = {
  "0 1": ["Dual t-SNE", 0],
  "3 1": ["Doubly t-SNE", 0],
  "3 6": ["t-CLIP", 3],
  "4 7": ["Supervised clustering", 1],
};
const MATH =
  "<math display='block'><mi>L</mi><mo>=</mo><mfrac><mn>1</mn><mi>n</mi></mfrac><munderover><mo>∑</mo><mi>i</mi><mi>n</mi></munderover><mi>KL</mi><mo>(</mo><msub><mi>p</mi><mi>i</mi></msub><mo>∥</mo><msub><mi>q</mi><mi>i</mi></msub><mo>)</mo></math>";
const field = (name, type, value, low, high, text, more = {}) => ({
  name,
  type,
  default: value,
  low,
  high,
  open_low: false,
  soft: false,
  choices: [],
  text: [{ text }],
  optional: false,
  why_not: null,
  refused: {},
  ...more,
});

function method(title, family, status, column, row) {
  return {
    name: title.toLowerCase().replaceAll(" ", "-"),
    title,
    family: FAMILIES[family][0],
    status,
    column,
    row,
    paper: status === "named" ? "van der Maaten & Hinton 2008" : "Alshammari et al. 2025",
    takes_words: "a table of rows",
    equation: [MATH],
    notes: [],
    p: `${column}: distances of the data, one bandwidth a point`,
    q: `${row}: distances of the embedding`,
    mapper: [[{ text: "a free position for each row" }]],
    divergence: "kl",
    code: `from iconlearn import TSNE\n\nestimator = TSNE(perplexity=30)\nZ = estimator.fit_transform(X)\nprint(Z.shape)`,
    estimator_code: null,
    citation: "@article{maaten2008,\n  title = {Visualizing data using t-SNE}\n}",
    rewards: [{ text: "Neighbours stay neighbours." }],
    degenerates: [{ text: "Distances between clusters mean little." }],
    parameters: [
      field("perplexity", "float", 30, 1, 500, "neighbours that count"),
      field("n_components", "int", 2, 1, 3, "dimensions of the map"),
    ],
    options: [
      field("divergence", "choice", "KL", null, null, "how p and q are compared", {
        choices: ["KL", "reverse KL", "JS"],
      }),
      field("debias_target", "float", 0, 0, 1, "share of the uniform mixed into p"),
      field("debias_learned", "float", 0, 0, 1, "share of the uniform mixed into q"),
      field("max_iter", "int", 300, 1, 5000, "steps"),
      field("lr", "float", null, 0, null, "step size", { optional: true }),
      field("seed", "int", 0, 0, null, ""),
    ],
    example: "digits",
    runnable: true,
    why_not: null,
  };
}

export function table() {
  const methods = ROWS.flatMap((row, j) =>
    COLUMNS.map((column, i) => {
      const key = `${j} ${i}`;
      const [title, family] = NAMED[key] ?? GAPS[key] ?? [`cell ${j} ${i}`, 0];
      return method(title, family, NAMED[key] ? "named" : GAPS[key] ? "gap" : "blank", column, row);
    }),
  );
  methods.push(
    method("Symmetric SNE", 0, "off-grid", "Gaussian", "Gaussian"),
    method("Masked language modelling", 5, "off-grid", "Context-token counts", "Gaussian"),
  );
  const axis = (name) => ({ name, symbol: "", formula: "" });
  return {
    columns: COLUMNS.map(axis),
    rows: ROWS.map(axis),
    families: FAMILIES.map(([name, color]) => ({ name, color })),
    methods,
  };
}
