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
the model runs; so are weights of 8 bits of convolutions. What is true or false when a model runs is a float, 1 or 0, at the model's inputs and outputs, too, and so
are whole numbers of 8 bits, and computed INT32. Numbers of 16 bits are computed in float32. Mean and variance of a BatchNormalization are constants, not weights: training leaves
them as they are. A graph has one float type, and no tensors without elements.

| operator | pass | refused |
|---|---|---|
`
