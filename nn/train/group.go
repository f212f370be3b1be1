package train

// Group is the processes that train one model together, see Parallel.Group: each runs the same Loop, over the same data, from
// the same weights. Of a batch in S shards, process r of n computes the losses and gradients of shards r·S/n to (r+1)·S/n; what
// they come to is exchanged, and all processes make the same step. The bits are those of one process with as many shards. The
// first process alone saves checkpoints.
//
// A Group moves bytes between processes, which a run is the only one to ask for while it runs. Both functions are called by all
// processes in the same order, with lengths that agree, and wait for the others. A process whose run ends with an error leaves the
// others waiting: whoever runs it must end the group then. Package mpi, a module of its own, has a Group over MPI.
type Group interface {
	// Rank is the number of this process, from 0, and Size the number of processes.
	Rank() int
	Size() int
	// Name is a process in messages: "rank 2 on node17".
	Name(rank int) string
	// AllGather fills all with what each process brings, in their order: lengths[r] bytes of process r. Own are those of this one.
	AllGather(own, all []byte, lengths []int) error
	// AllToAll sends each process a part of send, in their order, to[r] bytes to process r, and fills received with the parts that
	// the processes send here, from[r] bytes of process r.
	AllToAll(send []byte, to []int, received []byte, from []int) error
}

// Reducer is a Group that adds up gradients itself, in an order of its own: the bits depend on the number of processes, and
// perhaps on more. Without it the sums have the order of the shards, for which more bytes are moved.
type Reducer interface {
	Group
	// AllReduce32 and AllReduce64 replace the elements by their sums over all processes.
	AllReduce32(v []float32) error
	AllReduce64(v []float64) error
}

// group is the group of several processes, nil for one that is alone.
func (p *Parallel) group() Group {
	if p.Group == nil || p.Group.Size() < 2 {
		return nil
	}
	return p.Group
}

// leads tells whether this process is the one that saves.
func (p *Parallel) leads() bool {
	g := p.group()
	return g == nil || g.Rank() == 0
}

// owned are the shards of n that a process computes.
func owned(g Group, rank, n int) (from, to int) {
	if g == nil {
		return 0, n
	}
	return rank * n / g.Size(), (rank + 1) * n / g.Size()
}

// own are the shards of n that this process computes.
func (p *Parallel) own(n int) (from, to int) {
	if g := p.group(); g != nil {
		return owned(g, g.Rank(), n)
	}
	return 0, n
}
