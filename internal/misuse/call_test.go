package misuse

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// outcome is what came of a call.
type outcome string

const (
	refused  outcome = "refused"  // with an error, returned or stuck in the graph
	accepted outcome = "accepted" // no error, and nothing to run
	stopped  outcome = "stopped"  // accepted, and refused when compiled or run
	ran      outcome = "ran"      // accepted, compiled and run
	faulty   outcome = "faulty"   // a fault
)

// report is the result of a call, as a worker sends it.
type report struct {
	N       int
	Begun   bool // the call has only begun
	Name    string
	Outcome outcome
	Fault   string // what is wrong; nothing otherwise
	Place   string // file:line
	Call    string // the call in words
}

// setting is what all calls of a run have in common.
type setting struct {
	seed             uint64
	fixtures, folder string
	verbose          bool
	begin            func(report) // told of every call before it is made, and again when its arguments are known
}

// call makes call number n: it draws the arguments, calls, and does with the results what a user would. Half of the calls
// are right ones with a few wrong values in them: what refuses everything would hide what lies behind.
func (s setting) call(t *testing.T, n int) (r report) {
	all := targets()
	x := all[n%len(all)]
	try, hostile := 0, []float64{0, 0.1, 0.3, 0.6}
	if n/len(all)%2 == 0 {
		try, hostile = s.right(t, n, x), []float64{0, 0.02, 0.05, 0.2}
	}
	c := s.new(t, n, try, x, hostile)
	r = report{N: n, Name: x.name}
	returned := false
	before := allocated()
	defer func() {
		p := recover()
		r.Call = c.String()
		switch {
		case indexing[x.name] != "" && strings.Contains(fmt.Sprint(p), "out of range"):
			r.Outcome = refused
		case p != nil:
			stack := debug.Stack()
			r.Outcome, r.Fault, r.Place = faulty, fmt.Sprintf("panic%s: %v", c.during, p), place(stack)
			if s.verbose {
				t.Logf("%s", stack)
			}
		case !returned: // the call ended its goroutine: t.Fatal
			r.Outcome = refused
		default:
			r.Outcome, r.Fault = c.outcome, c.fault
		}
		if s.verbose {
			t.Logf("%s\n%s: %s", r.Call, r.Outcome, c.said)
		}
		if used := allocated() - before; r.Fault == "" && used > bytesOf(x.name) {
			r.Outcome, r.Fault = faulty, fmt.Sprintf("took %d MB of memory in all", used>>20)
		}
	}()
	defer c.world.release()
	c.make()
	returned = true
	return r
}

// call is a target and its arguments.
type call struct {
	*target
	world   *world
	args    []reflect.Value
	outcome outcome
	fault   string
	during  string // what is being done, if not the call itself
	after   []string
	begin   func(*call)
	said    string // the last error
}

// new draws nothing yet: a call is its number and that of the try.
func (s setting) new(t *testing.T, n, try int, x *target, hostile []float64) *call {
	pkg, _, _ := strings.Cut(x.name, ".")
	bad := rand.New(rand.NewPCG(s.seed, uint64(n)))
	folder := filepath.Join(s.folder, fmt.Sprint(n), fmt.Sprint(try))
	w := newWorld(t, rand.New(rand.NewPCG(s.seed, uint64(n)<<8+uint64(try))), bad, pick(bad, hostile), pkg, s.fixtures, folder)
	return &call{target: x, world: w, begin: func(c *call) { s.begin(report{N: n, Name: x.name, Begun: true, Call: c.String()}) }}
}

// right looks for arguments that the target accepts.
func (s setting) right(t *testing.T, n int, x *target) int {
	const tries = 24
	for i := range x.call.Type().NumIn() {
		if in := x.call.Type().In(i); in == reflect.TypeFor[*testing.T]() || in == reflect.TypeFor[testing.TB]() {
			return 0 // a failure would end this goroutine
		}
	}
	for try := range tries {
		if s.new(t, n, try, x, []float64{0}).taken() {
			return try
		}
	}
	return 0
}

// taken makes the call and says whether it is worth another: it was accepted, or it panicked.
func (c *call) taken() (taken bool) {
	defer c.world.release()
	defer func() { taken = recover() != nil || taken }()
	c.args = c.world.arguments(c.target)
	c.begin(c)
	return failure(c.invoke(c.args)) == nil && c.graph().Err() == nil
}

func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// frame is a line of a stack that names a file of the library.
var frame = regexp.MustCompile(`(?m)^\t\S*?((?:cmd|datasets|graph|internal|losses|nn|recurrent)/\S*\.go:\d+)`)

// place is the innermost line of the library in a stack.
func place(stack []byte) string {
	if at := strings.Index(string(stack), "panic("); at >= 0 {
		stack = stack[at:]
	}
	for _, m := range frame.FindAllSubmatch(stack, -1) {
		if at := string(m[1]); !strings.Contains(at, "internal/misuse") {
			return at
		}
	}
	return "?"
}

func (c *call) failf(format string, args ...any) {
	c.outcome, c.fault = faulty, fmt.Sprintf(format, args...)
}

func (c *call) make() {
	w := c.world
	c.during = " while the arguments were made"
	c.args = w.arguments(c.target)
	c.during = ""
	c.begin(c)
	out := c.invoke(c.args)
	if err := failure(out); err != nil {
		c.refuse(err)
		return
	}
	g := c.graph()
	if err := g.Err(); err != nil {
		c.refuse(err)
		return
	}
	c.outcome = accepted
	var nodes []graph.Node
	for _, v := range out {
		nodes = gather(v, nodes)
	}
	if len(nodes) > 0 {
		c.run(g, nodes)
	}
	if c.fault == "" {
		c.follow(out)
	}
}

// refuse takes an error for an answer, unless it only wraps a panic that somebody caught.
func (c *call) refuse(err error) {
	c.outcome, c.said = refused, err.Error()
	for _, sign := range []string{"panicked", "runtime error", "nil pointer", "out of range [", "makeslice"} {
		if strings.Contains(err.Error(), sign) {
			c.failf("an error that is a panic: %s", short(err.Error(), 300))
			return
		}
	}
}

// failure is the last result, if it is an error.
func failure(out []reflect.Value) error {
	if len(out) == 0 || out[len(out)-1].Type() != errorType || out[len(out)-1].IsNil() {
		return nil
	}
	return out[len(out)-1].Interface().(error)
}

// graph is the one that the call built in.
func (c *call) graph() *graph.Graph {
	for _, a := range c.args {
		if g, ok := a.Interface().(*graph.Graph); ok && g != nil {
			return g
		}
	}
	return c.world.g
}

// gather lists the nodes in a result.
func gather(v reflect.Value, list []graph.Node) []graph.Node {
	if !v.IsValid() {
		return list
	}
	if n, ok := v.Interface().(graph.Node); ok {
		return append(list, n)
	}
	if v.Kind() == reflect.Slice && v.Type().Elem() == reflect.TypeFor[graph.Node]() {
		for i := range min(v.Len(), 64) {
			list = gather(v.Index(i), list)
		}
	}
	return list
}

// run compiles the nodes, every other time with a gradient, and runs them.
func (c *call) run(g *graph.Graph, nodes []graph.Node) {
	w, inputs := c.world, c.world.inputs
	wrt := slices.Clone(w.floats)
	if w.usedSeparate {
		inputs, wrt = w.otherInputs, w.others[:2]
	}
	if w.IntN(2) == 0 {
		c.during = " while its result was differentiated"
		if scalar := g.Mean(nodes[0]); !nodes[0].IsIDs() && scalar.Valid() {
			nodes = append(nodes, g.Grad(scalar, wrt...)...)
		}
	}
	c.during = " while its result was compiled"
	c.outcome = stopped
	program, err := g.Compile(nodes...)
	if err != nil {
		c.refuse(err)
		c.soft()
		return
	}
	c.during = " while its result was run"
	out, err := program.Run(inputs...)
	if err != nil {
		c.refuse(err)
		c.soft()
		return
	}
	c.outcome = ran
	c.during = ""
	if len(out) != len(nodes) {
		c.failf("%d outputs of %d nodes", len(out), len(nodes))
		return
	}
	for i, n := range nodes {
		if !slices.Equal(n.Shape(), []int(out[i].Shape())) && !(len(n.Shape()) == 0 && out[i].Shape().IsScalar()) {
			c.failf("a node of shape %v gave %v", n.Shape(), out[i].Shape())
		}
	}
	foreign := func(n graph.Node) bool { return slices.Contains(w.others, n) }
	if !w.usedSeparate && slices.ContainsFunc(c.args, func(a reflect.Value) bool {
		return !passedOver(c.name, a) && slices.ContainsFunc(gather(a, nil), foreign)
	}) {
		c.failf("a node of another graph was taken")
	}
}

// soft notes that the call itself was accepted.
func (c *call) soft() {
	if c.outcome == refused {
		c.outcome = stopped
	}
}

// follow uses what the call returned: a mistake may come out only then.
func (c *call) follow(out []reflect.Value) {
	for _, v := range out {
		if v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() || v.Type() == reflect.TypeFor[graph.Node]() || v.Type() == reflect.TypeFor[*graph.Graph]() {
			continue
		}
		if v.Type() == reflect.TypeFor[*tensor.Dense]() || v.NumMethod() == 0 || !ours(v.Type()) {
			continue
		}
		for range 2 {
			m := v.Type().Method(c.world.IntN(v.NumMethod()))
			c.use(v, m)
		}
		if closer, ok := v.Interface().(interface{ Close() }); ok {
			closer.Close()
		}
	}
}

func ours(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return strings.HasPrefix(t.PkgPath(), module)
}

func (c *call) use(v reflect.Value, m reflect.Method) {
	d, _ := sources()
	t := v.Type()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	x := &target{name: t.String() + "." + m.Name, call: m.Func, parameters: d.parameters[t.String()+"."+m.Name]}
	c.during = " in " + x.name + " of the result"
	in := []reflect.Value{v}
	for i := 1; i < m.Type.NumIn(); i++ {
		name := ""
		if i-1 < len(x.parameters) {
			name = x.parameters[i-1]
		}
		in = append(in, c.world.draw(m.Type.In(i), name))
	}
	c.after = append(c.after, describeCall(x.name, in, true))
	c.begin(c)
	if err := failure(x.invoke(in)); err != nil {
		c.refuse(err)
		c.soft()
	}
	c.during = ""
}
