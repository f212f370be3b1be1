package train

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strconv"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/kernel"
	"gorgonia.org/tensor"
)

// Agree compares what the processes of a group have under some names: settings, versions, checksums. If they differ, each
// process gets the same error, which says what, where and how. A run does so by itself with its settings, weights and batches.
func Agree(g Group, facts map[string]string) error {
	if g == nil {
		return errors.New("train: Agree: the group is nil")
	}
	all, err := exchange(g, facts)
	if err != nil {
		return err
	}
	first := all[0]
	for rank, theirs := range all {
		for _, name := range slices.Sorted(maps.Keys(union(first, theirs))) {
			if a, b := found(first, name), found(theirs, name); a != b {
				return errors.Errorf("train: the processes do not agree on %s: %s has %s, %s has %s", name, g.Name(0), a, g.Name(rank), b)
			}
		}
	}
	return nil
}

func union(a, b map[string]string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, a)
	maps.Copy(out, b)
	return out
}

func found(facts map[string]string, name string) string {
	if v, ok := facts[name]; ok {
		return strconv.Quote(v)
	}
	return "none"
}

// gather gives every process what each of them brings.
func gather(g Group, own []byte) ([][]byte, error) {
	const size = 8
	heads := make([]byte, size*g.Size())
	lengths := slices.Repeat([]int{size}, g.Size())
	if err := g.AllGather(binary.LittleEndian.AppendUint64(nil, uint64(len(own))), heads, lengths); err != nil {
		return nil, errors.Wrap(err, "train")
	}
	total := 0
	for r := range lengths {
		lengths[r] = int(binary.LittleEndian.Uint64(heads[size*r:]))
		total += lengths[r]
	}
	all := make([]byte, total)
	if err := g.AllGather(own, all, lengths); err != nil {
		return nil, errors.Wrap(err, "train")
	}
	out := make([][]byte, len(lengths))
	for r, n := range lengths {
		out[r], all = all[:n:n], all[n:]
	}
	return out, nil
}

// exchange gives every process the reports of all, in their order.
func exchange[T any](g Group, own T) ([]T, error) {
	var message bytes.Buffer
	if err := gob.NewEncoder(&message).Encode(own); err != nil {
		return nil, errors.Wrap(err, "train")
	}
	all, err := gather(g, message.Bytes())
	if err != nil {
		return nil, err
	}
	out := make([]T, len(all))
	for rank, m := range all {
		if err := gob.NewDecoder(bytes.NewReader(m)).Decode(&out[rank]); err != nil {
			return nil, errors.Wrapf(err, "train: the report of %s", g.Name(rank))
		}
	}
	return out, nil
}

// agree compares the runs of all processes, before the first step.
func (l *Loop) agree() error {
	g := l.Parallel.group()
	if g == nil {
		return nil
	}
	validation := 0
	if l.Validation.Data != nil {
		validation = l.Validation.Data.Len()
	}
	_, reduces := g.(Reducer)
	return Agree(g, map[string]string{
		"kernels":                    kernel.Features(),
		"the number of shards":       strconv.Itoa(l.Parallel.Shards),
		"the order of sums":          map[bool]string{true: "the group's", false: "the shards'"}[reduces],
		"the batches of a step":      strconv.Itoa(l.batchesPerStep()),
		"the batches of a pass":      strconv.Itoa(l.Data.Len()),
		"the batches to validate":    strconv.Itoa(validation),
		"the passes and steps":       fmt.Sprint(l.epochs(), l.Steps),
		"patience and the best kept": fmt.Sprint(l.Validation.Patience, l.Validation.KeepBest),
		"clipping":                   fmt.Sprint(l.Clip),
		"the average's decay":        fmt.Sprint(l.Average),
		"the optimizer":              fmt.Sprintf("%T", l.Optimizer),
		"the rate of the next step":  fmt.Sprint(l.Schedule.Rate(l.run.Step)),
		"the seed":                   fmt.Sprint(l.run.Seed),
		"where the run is":           fmt.Sprintf("step %d, batch %d of pass %d", l.run.Step, l.run.Batch, l.run.Epoch+1),
		"the weights":                checksumOf(tensorsOf(l.params())),
		"the optimizer's state":      checksumOf(l.Optimizer.State()),
	})
}

// agreeOnPass compares what a pass has come to, as a difference in the settings of an optimiser shows in the weights alone.
func (l *Loop) agreeOnPass() error {
	g := l.Parallel.group()
	if g == nil {
		return nil
	}
	return Agree(g, map[string]string{
		fmt.Sprintf("the weights after pass %d", l.run.Epoch+1): checksumOf(tensorsOf(l.params())),
	})
}

func checksumOf(list []graph.Named) string {
	sum := uint32(0)
	for _, t := range list {
		sum = crc32.Update(sum, castagnoli, []byte(t.Name))
		sum = checksum(sum, t.Value)
	}
	return fmt.Sprintf("%d tensors, checksum %08x", len(list), sum)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum goes on with a checksum over tensors: their types, shapes and elements.
func checksum(sum uint32, list ...*tensor.Dense) uint32 {
	for _, t := range list {
		sum = crc32.Update(sum, castagnoli, []byte(fmt.Sprint(t.Dtype(), t.Shape())))
		sum = crc32.Update(sum, castagnoli, vectorOf(t).bytes())
	}
	return sum
}
