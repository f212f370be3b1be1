package op

// Op is one operation of the set: what it is called, and its kernel. Shapes are checked by the Graph method that
// makes the node, before an operator exists; its derivative stands with that method, see differentiate.
type Op interface {
	// String names the operation with its attributes: "slice 0:4 axis 1".
	String() string
	// Bind returns the task that computes the result from the inputs' memory, for b's element type.
	Bind(b *Binding) Task
}

// Adder is an operator that can add its result to memory: a term of a gradient sum needs no buffer of its own.
type Adder interface {
	Op
	// BindAdd returns the task that adds the result to b.Out.
	BindAdd(b *Binding) Task
}

// Overwriter is an operator whose result may be computed in the memory of an operand of its shape: it has read a row, or
// what it needs of it, before it writes there.
type Overwriter interface {
	Op
	// Overwrites is the number of that operand.
	Overwrites() int
}
