package graph

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/kernel"
	"github.com/unroll-go/unroll/internal/op"
)

// Init fills dst, the row-major elements of a new parameter of the given shape, drawing from rng. Draws are made in
// float64 and rounded once, so a float32 and a float64 store with one seed start from the same point. A product is
// converted before it is added, for some processors would round the two as one.
type Init func(dst []float64, shape []int, rng *rand.Rand) error

// newRand seeds a generator from the store's seed and the parameter's name, so that values do not depend on the
// order in which parameters are made.
func newRand(seed uint64, name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// Constant starts every element at v: biases at 0, say.
func Constant(v float64) Init {
	return func(dst []float64, _ []int, _ *rand.Rand) error {
		kernel.Fill(dst, v)
		return nil
	}
}

// Uniform draws from [low, high).
func Uniform(low, high float64) Init {
	return func(dst []float64, _ []int, rng *rand.Rand) error {
		if !(low <= high) {
			return errors.Errorf("uniform initialiser: low %g is above high %g", low, high)
		}
		for i := range dst {
			dst[i] = low + float64((high-low)*rng.Float64())
		}
		return nil
	}
}

// Normal draws from a normal distribution.
func Normal(mean, std float64) Init {
	return func(dst []float64, _ []int, rng *rand.Rand) error {
		for i := range dst {
			dst[i] = mean + float64(std*rng.NormFloat64())
		}
		return nil
	}
}

// fans returns fan-in and fan-out of a weight of shape [out, in...], PyTorch's order.
func fans(shape []int) (in, out int, err error) {
	if len(shape) < 2 {
		return 0, 0, errors.Errorf("fan-in and fan-out need at least two dimensions, found shape %v", shape)
	}
	receptive := op.Size(shape[2:])
	return shape[1] * receptive, shape[0] * receptive, nil
}

// GlorotUniform draws from U(-a, a), a = sqrt(6/(fanIn+fanOut)) (Glorot and Bengio, 2010).
func GlorotUniform() Init {
	return fanned(Uniform, func(in, out float64) float64 { return math.Sqrt(6 / (in + out)) })
}

// GlorotNormal draws from N(0, 2/(fanIn+fanOut)) (Glorot and Bengio, 2010).
func GlorotNormal() Init {
	return fanned(normalOf, func(in, out float64) float64 { return math.Sqrt(2 / (in + out)) })
}

// HeUniform draws from U(-a, a), a = sqrt(6/fanIn), for ReLU networks (He et al., 2015).
func HeUniform() Init {
	return fanned(Uniform, func(in, _ float64) float64 { return math.Sqrt(6 / in) })
}

// HeNormal draws from N(0, 2/fanIn), for ReLU networks (He et al., 2015).
func HeNormal() Init {
	return fanned(normalOf, func(in, _ float64) float64 { return math.Sqrt(2 / in) })
}

func normalOf(_, std float64) Init { return Normal(0, std) }

// fanned builds dist(-scale, scale) with a scale that depends on the fans.
func fanned(dist func(low, high float64) Init, scale func(in, out float64) float64) Init {
	return func(dst []float64, shape []int, rng *rand.Rand) error {
		in, out, err := fans(shape)
		if err != nil {
			return err
		}
		a := scale(float64(in), float64(out))
		return dist(-a, a)(dst, shape, rng)
	}
}

// Blocks splits the first dimension in len(inits) equal parts and starts each with its own initialiser: the gates of
// a recurrent weight [G*H, in].
func Blocks(inits ...Init) Init {
	return blocks(len(inits), func(i int) Init { return inits[i] })
}

// Repeat is Blocks with the same initialiser n times: each gate is drawn as a weight of its own.
func Repeat(n int, init Init) Init {
	return blocks(n, func(int) Init { return init })
}

func blocks(k int, at func(i int) Init) Init {
	return func(dst []float64, shape []int, rng *rand.Rand) error {
		if k < 1 || len(shape) == 0 || shape[0]%k != 0 {
			return errors.Errorf("block initialiser: shape %v does not split in %d equal blocks", shape, k)
		}
		block := append([]int{shape[0] / k}, shape[1:]...)
		size := op.Size(block)
		for i := range k {
			init := at(i)
			if init == nil {
				return errors.Errorf("block initialiser: number %d of %d is nil", i, k)
			}
			if err := init(dst[i*size:(i+1)*size], block, rng); err != nil {
				return err
			}
		}
		return nil
	}
}

// Identity starts a square weight at scale times the identity (IRNN: Le, Jaitly and Hinton, 2015).
func Identity(scale float64) Init {
	return func(dst []float64, shape []int, _ *rand.Rand) error {
		if len(shape) != 2 || shape[0] != shape[1] {
			return errors.Errorf("identity initialiser: want a square matrix, found shape %v", shape)
		}
		for i := range dst {
			dst[i] = 0
		}
		for i := 0; i < shape[0]; i++ {
			dst[i*shape[1]+i] = scale
		}
		return nil
	}
}
