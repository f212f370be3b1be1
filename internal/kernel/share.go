package kernel

import "runtime"

// Part does part number i of a job; the parts of one job may run in any order and side by side. scratch is memory that
// belongs to the goroutine for the time of the call, ScratchBytes of it.
type Part func(i int, scratch []float64)

// ScratchBytes is the size of a goroutine's scratch memory.
const ScratchBytes = blockRows * depthBytes

// Share does all parts of a job, on as many processors as Go may use. A part must give the same result whoever runs
// it, so that nothing depends on their number. It allocates nothing. A job inside a part runs on the part's goroutine.
func Share(parts int, f Part) { theTeam.run(f, parts, runtime.GOMAXPROCS(0)-1) }

// Scratch calls f with scratch memory.
func Scratch(f Part) {
	s := takeScratch()
	f(0, s.a)
	giveScratch(s)
}

func (f Part) part(i int, s *scratch) { f(i, s.a) }

// ScratchOf is scratch memory as elements of T.
func ScratchOf[T Float](x []float64) []T { return scratchOf[T](x) }
