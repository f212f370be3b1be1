package onnx_test

// tableHead is what the page says before the table.
const tableHead = `# ONNX's operators

` + "`nn/onnx`" + ` reads, runs and differentiates the operators of this table. The numbers are those of the ONNX project's own node tests
(package onnx 1.23.2): tests that pass, of all there are for the operator. The others are refused, with a message that says
why; none gives wrong numbers. A test writes this page, and fails when it changes:

` + "```sh" + `
python3 nn/onnx/testdata/node_tests.py /tmp/node       # needs the package onnx
UNROLL_ONNX_NODE_TESTS=/tmp/node go test ./nn/onnx -run TestONNXNodeTests -update
` + "```" + `

Inputs that say how an operator computes, such as axes, shapes and scales, are initialisers here; the tests give them when
the model runs; so are weights of 8 bits of convolutions. What is true or false when a model runs is a float, 1 or 0, at the model's
inputs and outputs, too, and so are whole numbers of 8 bits, and INT32 that quantised products give. Numbers of 16 bits are computed in float32, and a model of both FLOAT and DOUBLE in float64. Mean and variance of a BatchNormalization
are constants, not weights: training leaves them as they are.

Branches and loops become part of the graph. An ` + "`If`" + ` whose condition is known for the inputs' shapes takes one branch; otherwise
both run, and one's results are taken. ` + "`Loop`" + ` and ` + "`Scan`" + ` are unrolled, so how often they run must be known for the shapes; a condition
that data decide may end a loop sooner if it gives no results of every turn. Sequences of tensors have lengths and places that are
known for the shapes. What is refused, beside types of numbers that are not read:

- tensors without elements as inputs or outputs, and sequences or optional values there: a graph has neither;
- a number of results that only data decide: ` + "`NonZero`" + ` of what is computed, a ` + "`Range`" + ` up to it;
- remainders of floats, which no formula of rounded floats gives exactly; NaN among the inputs of a run;
- training modes of ` + "`BatchNormalization`" + ` and ` + "`Dropout`" + `; ` + "`Scan`" + ` before version 9; the places of a ` + "`MaxPool`" + `;
- ` + "`Resize`" + ` with align_corners and a scale that makes no whole number of entries, where runtimes differ.

| operator | pass | refused |
|---|---|---|
`
