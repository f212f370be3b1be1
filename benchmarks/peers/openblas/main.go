// Command openblas multiplies matrices with the library's kernels and with OpenBLAS, in turn, and prints a table.
// It needs OpenBLAS and a C compiler, which the library itself does not:
//
//	OPENBLAS_CORETYPE=SkylakeX OPENBLAS_NUM_THREADS=1 GOMAXPROCS=1 go run .
//
// OpenBLAS may take a virtual machine for an old processor and pick an SSE kernel, hence the first variable.
package main

// #cgo LDFLAGS: -lopenblas
// #include <cblas.h>
// extern char* openblas_get_config(void);
// extern char* openblas_get_corename(void);
import "C"

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"time"
	"unsafe"

	"github.com/unroll-go/unroll/internal/kernel"
)

// product is one shape of the table.
type product struct {
	kind    string // packed: NN with B packed before by ours, which OpenBLAS cannot
	m, k, n int
}

const (
	rounds = 15
	least  = 20 * time.Millisecond // of a round

	// settle is how long OpenBLAS gets to put its threads to sleep: they spin after a product, longer than a round takes,
	// and would take a processor from ours.
	settle = 200 * time.Millisecond
)

func main() {
	limit := kernel.PeakFMA(runtime.GOMAXPROCS(0))
	fmt.Printf("%s; kernels %s; GOMAXPROCS %d, whose limit is %.0f GFLOP/s\n\n",
		C.GoString(C.openblas_get_config()), kernel.Features(), runtime.GOMAXPROCS(0), limit)
	fmt.Println("GFLOP/s, medians of rounds in turn.")
	fmt.Println()
	fmt.Println("| product | M, K, N | ours | OpenBLAS | ratio | ours, of the limit |")
	fmt.Println("|---|---|---|---|---|---|")
	for _, p := range []product{
		{"packed", 32, 128, 512}, {"packed", 32, 256, 1024}, {"packed", 32, 512, 2048}, {"packed", 64, 650, 2600},
		{"packed", 32, 1024, 4096}, {"packed", 1, 512, 2048},
		{"NN", 32, 128, 512}, {"NN", 32, 256, 1024}, {"NN", 32, 512, 2048}, {"NN", 64, 650, 2600},
		{"NN", 32, 1024, 4096}, {"NN", 1, 512, 2048}, {"NT", 1, 512, 2048},
		{"TN", 512, 1600, 2048}, {"NT", 32, 2048, 512},
	} {
		ours, theirs, err := p.compare()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Printf("| %s | %d, %d, %d | %.0f | %.0f | %.2f | %.2f |\n", p.kind, p.m, p.k, p.n, ours, theirs, ours/theirs, ours/limit)
	}
}

// compare returns the median GFLOP/s of both, after checking that they agree.
func (p product) compare() (ours, theirs float64, err error) {
	rng := rand.New(rand.NewPCG(1, 1))
	matrix := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		return x
	}
	a, b := matrix(p.m*p.k), matrix(p.k*p.n)
	c, d := make([]float32, p.m*p.n), make([]float32, p.m*p.n)
	transA, transB := p.kind == "TN", p.kind == "NT"
	lda, ldb := p.k, p.n
	if transA {
		lda = p.m
	}
	if transB {
		ldb = p.k
	}
	var packed kernel.Packed[float32]
	packed.Pack(transB, p.k, p.n, b, ldb)
	mine := func() { kernel.Gemm(transA, transB, p.m, p.n, p.k, 1, a, lda, b, ldb, 0, c, p.n) }
	if p.kind == "packed" {
		mine = func() { kernel.GemmPacked(false, p.m, 1, a, lda, &packed, 0, c, p.n, nil) }
	}
	blas := func() {
		C.cblas_sgemm(C.CblasRowMajor, transpose(transA), transpose(transB), C.int(p.m), C.int(p.n), C.int(p.k), 1,
			(*C.float)(unsafe.Pointer(&a[0])), C.int(lda), (*C.float)(unsafe.Pointer(&b[0])), C.int(ldb), 0,
			(*C.float)(unsafe.Pointer(&d[0])), C.int(p.n))
	}
	mine()
	blas()
	for i := range c {
		if diff := math.Abs(float64(c[i] - d[i])); diff > 1e-4*math.Sqrt(float64(p.k)) {
			return 0, 0, fmt.Errorf("%+v: element %d is %v here, %v there", p, i, c[i], d[i])
		}
	}
	var x, y []float64
	for range rounds {
		if C.openblas_get_num_threads() > 1 {
			time.Sleep(settle)
		}
		x = append(x, p.rate(mine))
		y = append(y, p.rate(blas))
	}
	slices.Sort(x)
	slices.Sort(y)
	return x[rounds/2], y[rounds/2], nil
}

// rate runs f for a while and returns GFLOP/s.
func (p product) rate(f func()) float64 {
	n, start := 0, time.Now()
	for time.Since(start) < least {
		f()
		n++
	}
	return 2 * float64(p.m) * float64(p.k) * float64(p.n) * float64(n) / float64(time.Since(start).Nanoseconds())
}

func transpose(t bool) C.enum_CBLAS_TRANSPOSE {
	if t {
		return C.CblasTrans
	}
	return C.CblasNoTrans
}
