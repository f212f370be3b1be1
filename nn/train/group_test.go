package train_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/internal/testutil"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/train"
	"gorgonia.org/tensor"
)

// room is a group of goroutines, which meet in it to exchange what they bring.
type room struct {
	mu       sync.Mutex
	all      *sync.Cond
	brought  []any
	arrived  int
	round    int
	finished []any // what was brought in the round before
	broken   error // one of them has gone for good
	sent     []int // bytes that each has sent
}

func newRoom(n int) *room {
	r := &room{brought: make([]any, n), sent: make([]int, n)}
	r.all = sync.NewCond(&r.mu)
	return r
}

// meet gives everybody what all have brought.
func (r *room) meet(rank int, bring any) ([]any, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.brought[rank] = bring
	r.arrived++
	if r.arrived == len(r.brought) {
		r.finished, r.brought, r.arrived = r.brought, make([]any, len(r.brought)), 0
		r.round++
		r.all.Broadcast()
		return r.finished, nil
	}
	for at := r.round; at == r.round; r.all.Wait() {
		if r.broken != nil {
			return nil, r.broken
		}
	}
	return r.finished, nil
}

// leave ends the group for those who wait.
func (r *room) leave(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken = err
	r.all.Broadcast()
}

// member is a goroutine's side of a room.
type member struct {
	*room
	rank int
}

func (m member) Rank() int            { return m.rank }
func (m member) Size() int            { return len(m.brought) }
func (m member) Name(rank int) string { return fmt.Sprint("rank ", rank) }

func (m member) AllGather(own, all []byte, lengths []int) error {
	if len(own) != lengths[m.rank] {
		return fmt.Errorf("rank %d brings %d bytes, and says %d", m.rank, len(own), lengths[m.rank])
	}
	brought, err := m.meet(m.rank, bytes.Clone(own))
	for r := range brought {
		if n := copy(all, brought[r].([]byte)); n != lengths[r] {
			return fmt.Errorf("rank %d expects %d bytes of rank %d; %d came", m.rank, lengths[r], r, n)
		}
		all = all[lengths[r]:]
	}
	return err
}

func (m member) AllToAll(send []byte, to []int, received []byte, from []int) error {
	var parts [][]byte
	for r, n := range to {
		if r != m.rank {
			m.sent[m.rank] += n
		}
		parts, send = append(parts, bytes.Clone(send[:n])), send[n:]
	}
	brought, err := m.meet(m.rank, parts)
	for r := range brought {
		if n := copy(received, brought[r].([][]byte)[m.rank]); n != from[r] {
			return fmt.Errorf("rank %d expects %d bytes of rank %d; %d came", m.rank, from[r], r, n)
		}
		received = received[from[r]:]
	}
	return err
}

// adding is a member that adds up by itself.
type adding struct{ member }

func (a adding) AllReduce32(v []float32) error {
	brought, err := a.meet(a.rank, append([]float32{}, v...))
	clear(v)
	for _, theirs := range brought {
		for i, x := range theirs.([]float32) {
			v[i] += x
		}
	}
	return err
}

func (a adding) AllReduce64(v []float64) error {
	brought, err := a.meet(a.rank, append([]float64{}, v...))
	clear(v)
	for _, theirs := range brought {
		for i, x := range theirs.([]float64) {
			v[i] += x
		}
	}
	return err
}

// inRanks runs a loop for each rank of a group, built by a function, and returns what each came to.
func inRanks(t *testing.T, n int, build func(rank int) *train.Loop, of func(m member) train.Group) ([]train.Result, []error) {
	t.Helper()
	r := newRoom(n)
	results, errs := make([]train.Result, n), make([]error, n)
	var done sync.WaitGroup
	for rank := range n {
		l := build(rank)
		l.Parallel.Group = of(member{r, rank})
		done.Go(func() {
			results[rank], errs[rank] = l.Run(context.Background())
			if errs[rank] != nil && !errors.Is(errs[rank], context.Canceled) {
				r.leave(fmt.Errorf("the group has ended: %w", errs[rank]))
			}
		})
	}
	done.Wait()
	return results, errs
}

func plain(m member) train.Group { return m }

// groupLoops are runs with all that a run can have, in shards.
func groupLoops(t *testing.T) map[string]func(path string, shards int) *train.Loop {
	return map[string]func(path string, shards int) *train.Loop{
		"windows with a state, dropout, clipping, an average and a schedule with a memory": func(path string, shards int) *train.Loop {
			l := newLoop(t, path)
			l.Epochs, l.Average, l.Clip.Value = 2, 0.9, 0.01
			l.Parallel = train.Parallel{Shards: shards}
			return l
		},
		"several batches a step": func(path string, shards int) *train.Loop {
			l := newLoop(t, path)
			l.Steps, l.Accumulate = 12, 3
			l.Parallel = train.Parallel{Shards: shards}
			return l
		},
		"stopped early, with the best weights": func(path string, shards int) *train.Loop {
			l := newLoop(t, path)
			l.Epochs, l.Validation.Patience, l.Validation.KeepBest, l.Schedule = 30, 1, true, optim.Constant(0.2)
			l.Parallel = train.Parallel{Shards: shards}
			return l
		},
		"sequences of many lengths": func(path string, shards int) *train.Loop {
			l := classifier(t, 2, path)
			l.Parallel = train.Parallel{Shards: shards}
			return l
		},
		"float64, and batches of fewer examples than ranks": func(path string, shards int) *train.Loop {
			l := regression([]int{11, 1, 2, 10}, 0)
			l.Saving.Path = path
			l.Parallel = train.Parallel{Shards: shards, Axes: []int{0, 0}}
			return l
		},
		"a loss of three means and a penalty": func(path string, shards int) *train.Loop {
			p := graph.NewParams64(1)
			loss := splitLosses()["of three means and a penalty"]
			f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
				return []graph.Node{loss(g, g.MatMulT(in[0], g.Param("w", graph.Orthogonal(1), splitClasses, 3)), in)}
			})
			return &train.Loop{Loss: f, Data: &cuts{sizes: []int{4, 2}}, Optimizer: &optim.Adam{}, Schedule: optim.Constant(0.1), Epochs: 3,
				Validation: train.Validation{Data: &cuts{sizes: []int{1, 5}}}, Saving: train.Saving{Path: path},
				Parallel: train.Parallel{Shards: shards, Axes: splitAxes}}
		},
		"a loss that says nothing of means": func(path string, shards int) *train.Loop {
			l := tagger(t)
			l.Validation.Data, l.Epochs, l.Saving.Path, l.Parallel = tagger(t).Data, 2, path, train.Parallel{Shards: shards}
			return l
		},
		"rows of a table, by a lazy optimiser": func(path string, shards int) *train.Loop {
			p := graph.NewParams64(1)
			ids := graphtest.RandomIDs(3, 90, 48).Ints()
			f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
				x := nn.Embedding{Tokens: 90, Size: 3, Sparse: true}.Apply(g, in[0])
				return []graph.Node{g.Mean(g.Square(g.AddScalar(g.Tanh(x), -0.3)))}
			})
			return &train.Loop{Loss: f, Data: &lookups{ids: ids, sizes: []int{12, 12, 12, 12}}, Optimizer: optim.SparseAdam(),
				Schedule: optim.Constant(0.05), Epochs: 2, Accumulate: 2, Saving: train.Saving{Path: path},
				Parallel: train.Parallel{Shards: shards, Axes: []int{0}}}
		},
	}
}

// The number of processes does not change bits: the first one's checkpoint has the bytes of one process with as many shards,
// and all come to the same losses.
func TestProcessesDoNotChangeBits(t *testing.T) {
	for name, build := range groupLoops(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for shards, numbers := range map[int][]int{4: {4}, 5: {1, 2, 3}} {
				alone := filepath.Join(dir, fmt.Sprint(shards, " alone"))
				want := run(t, build(alone, shards))
				for _, ranks := range numbers {
					path := func(rank int) string { return filepath.Join(dir, fmt.Sprint(shards, ranks, rank)) }
					results, errs := inRanks(t, ranks, func(rank int) *train.Loop { return build(path(rank), shards) }, plain)
					for rank, r := range results {
						if errs[rank] != nil {
							t.Fatalf("%d shards, rank %d of %d: %v", shards, rank, ranks, errs[rank])
						}
						if r.Step != want.Step || r.TrainLoss != want.TrainLoss || !same(r.Best, want.Best) || r.Stopped != want.Stopped {
							t.Errorf("%d shards, rank %d of %d: %+v; want %+v", shards, rank, ranks, r, want)
						}
					}
					if !bytes.Equal(testutil.Read(t, path(0)), testutil.Read(t, alone)) {
						t.Errorf("%d shards in %d ranks: another file than that of one process", shards, ranks)
					}
					if _, err := os.Stat(path(1)); ranks > 1 && !errors.Is(err, fs.ErrNotExist) {
						t.Errorf("the second process has saved, too: %v", err)
					}
				}
			}
		})
	}
}

func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

// A run goes on with another number of processes, to the same bytes: after one process was cancelled, or its observer stopped
// the run, all have ended at one step.
func TestProcessesResume(t *testing.T) {
	build := groupLoops(t)["windows with a state, dropout, clipping, an average and a schedule with a memory"]
	dir := t.TempDir()
	alone, path := filepath.Join(dir, "alone"), filepath.Join(dir, "stopped")
	run(t, build(alone, 4))
	for _, c := range []struct{ step, before, after, stops int }{{10, 4, 2, 3}, {33, 2, 3, 0}, {50, 3, 4, 1}, {7, 2, 1, 1}} {
		inRanks(t, c.before, func(rank int) *train.Loop {
			l := build(path, 4)
			if rank == c.stops {
				l.Observers = append(l.Observers, train.Observer{OnStep: func(p train.Progress) error {
					if p.Step == c.step {
						return fmt.Errorf("as it were: %w", context.Canceled)
					}
					return nil
				}})
			}
			return l
		}, plain)
		saved, err := train.ReadCheckpoint(path)
		if err != nil {
			t.Fatal(err)
		}
		if saved.Step() != c.step {
			t.Errorf("rank %d has ended the run at step %d; the checkpoint is of step %d", c.stops, c.step, saved.Step())
		}
		_, errs := inRanks(t, c.after, func(int) *train.Loop {
			l := build(path, 4)
			if err := l.Resume(saved); err != nil {
				t.Fatal(err)
			}
			return l
		}, plain)
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(testutil.Read(t, path), testutil.Read(t, alone)) {
			t.Errorf("%d ranks, stopped at step %d, and %d after it: the run ends elsewhere", c.before, c.step, c.after)
		}
	}
}

// ErrStop of one process's observer is that of all.
func TestProcessesStop(t *testing.T) {
	results, errs := inRanks(t, 3, func(rank int) *train.Loop {
		l := newLoop(t, "")
		l.Parallel.Shards = 4
		if rank == 2 {
			l.Observers = []train.Observer{{OnStep: func(p train.Progress) error {
				if p.Step == 5 {
					return train.ErrStop
				}
				return nil
			}}}
		}
		return l
	}, plain)
	for rank, r := range results {
		if errs[rank] != nil || r.Step != 5 || !r.Stopped {
			t.Errorf("rank %d: %+v, %v", rank, r, errs[rank])
		}
	}
}

// A group that adds up itself gives what shards give, but for rounding, and the same on all processes.
func TestReducer(t *testing.T) {
	build := func() *train.Loop {
		l := newLoop(t, "")
		l.Epochs, l.Parallel.Shards = 1, 4
		return l
	}
	want := build()
	run(t, want)
	var loops []*train.Loop
	_, errs := inRanks(t, 3, func(int) *train.Loop {
		loops = append(loops, build())
		return loops[len(loops)-1]
	}, func(m member) train.Group { return adding{m} })
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for i := range want.Loss.Params().Len() {
		for rank, l := range loops {
			graphtest.Close(t, fmt.Sprint("rank ", rank), l.Loss.Params().At(i).Value(), want.Loss.Params().At(i).Value(), 1e-3)
			if !l.Loss.Params().At(i).Value().Eq(loops[0].Loss.Params().At(i).Value()) {
				t.Errorf("rank %d has other weights than rank 0", rank)
			}
		}
	}
}

// Processes that would train something else than the first are found, and what differs is named.
func TestProcessesAgree(t *testing.T) {
	for want, change := range map[string]func(l *train.Loop){
		`do not agree on the seed: rank 0 has "7", rank 1 has "8"`:                    func(l *train.Loop) { l.Seed = 8 },
		`on clipping: rank 0 has "{1 0}", rank 1 has "{2 0}"`:                         func(l *train.Loop) { l.Clip.Norm = 2 },
		`on the number of shards: rank 0 has "4", rank 1 has "3"`:                     func(l *train.Loop) { l.Parallel.Shards = 3 },
		`on the batches of a pass: rank 0 has "33", rank 1 has "24"`:                  func(l *train.Loop) { l.Data = &cuts{sizes: make([]int, 24)} },
		"on the optimizer: rank 0 has \"*optim.Adam\", rank 1 has \"*optim.RMSProp\"": func(l *train.Loop) { l.Optimizer = &optim.RMSProp{} },
		"on the weights after pass 1":                                                 func(l *train.Loop) { l.Optimizer = &optim.Adam{Beta1: 0.5} },
		"on the batch: that of rank 1 is another than that of rank 0":                 func(l *train.Loop) { l.Data = later{l.Data} },
		"on the data to validate: those of rank 1 are others than those of rank 0":    func(l *train.Loop) { l.Validation.Data = later{l.Validation.Data} },
	} {
		_, errs := inRanks(t, 2, func(rank int) *train.Loop {
			l := newLoop(t, "")
			l.Parallel.Shards = 4
			if rank == 1 {
				change(l)
			}
			return l
		}, plain)
		for rank, err := range errs {
			if err == nil || !strings.Contains(err.Error(), want) && !strings.Contains(err.Error(), "the group has ended") {
				t.Errorf("rank %d: want an error with %q, got %v", rank, want, err)
			}
		}
		if err := errors.Join(errs...); !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	l := newLoop(t, "")
	l.Parallel = train.Parallel{Shards: 2, Group: member{newRoom(3), 1}}
	if _, err := l.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "2 shards for 3 processes") {
		t.Error(err)
	}
	if err := train.Agree(nil, nil); err == nil {
		t.Error("no group was taken for one")
	}
}

// later is a source whose batches have other ids.
type later struct{ train.Source }

func (l later) Next() ([]*tensor.Dense, bool) {
	b, ok := l.Source.Next()
	if ok {
		ids := append([]int{}, b[1].Ints()...)
		ids[3] = (ids[3] + 1) % vocab
		b = append([]*tensor.Dense{b[0], graph.Ints(ids, b[1].Shape()...)}, b[2:]...)
	}
	return b, ok
}

// Whatever the number of processes, each sends no more of the gradients than its part of them.
func TestProcessesSendTheirPart(t *testing.T) {
	const shards = 4
	for ranks := 2; ranks <= 4; ranks++ {
		r := newRoom(ranks)
		var done sync.WaitGroup
		for rank := range ranks {
			l := newLoop(t, "")
			l.Steps, l.Parallel = 1, train.Parallel{Shards: shards, Group: member{r, rank}}
			done.Go(func() {
				if _, err := l.Run(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		done.Wait()
		const elements = vocab*6 + 6*6 + vocab*6 + vocab // embedding, w, head
		for rank, sent := range r.sent {
			own := (rank+1)*shards/ranks - rank*shards/ranks
			if want := 4 * own * elements; sent >= want || sent < want/2-64 {
				t.Errorf("rank %d of %d has sent %d bytes of the %d that its %d shards have", rank, ranks, sent, want, own)
			}
		}
	}
}
