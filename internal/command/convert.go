package command

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/numpy"
	"github.com/unroll-go/unroll/nn/torch"
	"github.com/unroll-go/unroll/nn/train"
)

// converted are the endings of what convert writes.
var converted = []string{".safetensors", ".npz", ".pt"}

// conversion is what a call of convert is told.
type conversion struct {
	state string
	names string // a file
	all   bool
	force bool
}

func convertCommand() *cobra.Command {
	var c conversion
	cmd := &cobra.Command{
		Use:   "convert FROM TO",
		Short: "Copy weights between PyTorch, safetensors, NumPy and ONNX",
		Long: `Copy the tensors of a file into a file of another format. FROM is a safetensors
file or the index of several, a file of PyTorch (.pt, .pth, TorchScript, of any
version), of NumPy (.npz, .npy) or an ONNX model; what it is, its first bytes
tell, not its name. A file of PyTorch can do nothing here: it is read as data.
TO ends in .safetensors, .npz or .pt.

Numbers of 16 bits become float32, which holds them exactly; whole numbers and
booleans become int64. Of a training's checkpoint with one state dict, that is
copied, with the names of the modules; --state names another, and --all copies
every tensor, of optimisers, too. --names gives tensors other names, and
transposes and cuts them, as docs/interoperability.md tells. Plain values of a
PyTorch file become metadata of a safetensors file; the other formats have no
place for them.

To write a model of this command for other frameworks: unroll export.`,
		Example: `  unroll convert checkpoint.pt weights.safetensors
  unroll convert checkpoint.pt ema.safetensors --state ema
  unroll convert weights.safetensors weights.npz`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("found %d files; want two: what to read, and what to write", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, args[0], args[1]) },
	}
	f := cmd.Flags()
	f.StringVar(&c.state, "state", "", "copy the tensors below this name alone, such as model_state")
	f.StringVar(&c.names, "names", "", "which tensors are which, and transposed or cut how, a JSON file")
	f.BoolVar(&c.all, "all", false, "copy every tensor, by its full name")
	f.BoolVar(&c.force, "force", false, "overwrite an existing file")
	return cmd
}

func (c *conversion) run(cmd *cobra.Command, from, to string) error {
	if !slices.ContainsFunc(converted, func(ending string) bool { return strings.HasSuffix(to, ending) }) {
		return usage("%q; want a name that ends in %s", to, oneOf(converted))
	}
	if c.all && c.state != "" {
		return usage("--state %s and --all; want one of them", c.state)
	}
	in, err := open(from)
	if err != nil {
		return err
	}
	if len(in.names) > 0 {
		return errors.Errorf("%s has weights of a Keras model, whose layers only a model knows: unroll import %s --model MODEL",
			from, argument(from))
	}
	tensors, err := c.choose(cmd.ErrOrStderr(), in, from)
	if err != nil {
		return err
	}
	if tensors, err = mapped(tensors, c.names); err != nil {
		return err
	}
	return saveBeside(cmd, "TO", []string{to}, []string{from, c.names}, c.force, func() error {
		metadata := merged(in.metadata, beside(in, tensors))
		switch {
		case strings.HasSuffix(to, ".safetensors"):
			return graph.WriteSafetensors(to, tensors, metadata)
		case strings.HasSuffix(to, ".npz"):
			err = numpy.Write(to, tensors)
		default:
			err = torch.Write(to, tensors)
		}
		if err == nil && len(metadata) > 0 {
			tell(cmd.ErrOrStderr(), "Left", "the %d entries beside the tensors, for which %s has no place", len(metadata), to)
		}
		return err
	})
}

// choose takes the tensors that are to be copied, and says which others there are.
func (c *conversion) choose(w io.Writer, in *opened, from string) ([]graph.Named, error) {
	state := c.state
	if state == "" && len(in.states) == 1 && !c.all {
		state = in.states[0]
	}
	var out []graph.Named
	for _, t := range in.tensors {
		name, ok := t.Name, true
		if state != "" {
			name, ok = strings.CutPrefix(t.Name, state+".")
		}
		if ok && (c.all || !train.IsState(name)) {
			out = append(out, graph.Named{Name: name, Value: t.Value})
		}
	}
	if len(out) == 0 {
		return nil, errors.Errorf("%s has no tensors below %q (--state)", from, state)
	}
	what := fmt.Sprintf("%d tensors", len(out))
	if state != "" {
		what += " of " + state
	}
	if left := len(in.tensors) - len(out); left > 0 {
		what += fmt.Sprintf("; %d others are left out (--all copies them)", left)
	}
	tell(w, "Copied", "%s", what)
	return out, nil
}

// beside are the plain values that are copied with tensors: all but those of optimisers and whatever else was left out.
func beside(in *opened, tensors []graph.Named) map[string]string {
	left := map[string]bool{}
	if len(tensors) < len(in.tensors) {
		for _, t := range in.tensors {
			top, _, _ := strings.Cut(t.Name, ".")
			left[top] = true
		}
	}
	out := maps.Clone(in.values)
	maps.DeleteFunc(out, func(name, _ string) bool {
		top, _, _ := strings.Cut(name, ".")
		return left[top]
	})
	return out
}

// merged are the entries of both maps, of which one is empty.
func merged(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	if out == nil {
		return b
	}
	maps.Copy(out, b)
	return out
}
