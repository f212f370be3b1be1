//go:build kernel

package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"

	"github.com/cosmos72/gomacro/xreflect"
)

// notebook is a file of Jupyter's format 4 (https://nbformat.readthedocs.io). Maps keep what this program does not know.
type notebook map[string]any

// runFiles runs the cells of notebooks from the first to the last, each file with an interpreter of its own, as Jupyter would.
// What the cells write is kept in the file or compared with what the file has.
func runFiles(args []string) error {
	flags := flag.NewFlagSet("run", flag.ExitOnError)
	keep := flags.Bool("write", false, "keep the outputs in the files; else they are compared with those that the files have")
	_ = flags.Parse(args)
	if flags.NArg() == 0 {
		return fmt.Errorf("run which notebook? The usage is: unroll-kernel run [-write] FILE.ipynb ...")
	}
	var files []string // whole paths, because each notebook runs in its own folder
	for _, path := range flags.Args() {
		whole, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		files = append(files, whole)
	}
	for i, path := range flags.Args() {
		if err := runFile(files[i], *keep); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		fmt.Println(path, "ok")
	}
	return nil
}

func runFile(path string, keep bool) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var nb notebook
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // whole numbers stay whole
	if err := decoder.Decode(&nb); err != nil {
		return err
	}
	cells, ok := nb["cells"].([]any)
	if !ok {
		return fmt.Errorf("no cells: it is not a notebook of format 4")
	}
	// Files that a notebook names lie beside it.
	if err := os.Chdir(filepath.Dir(path)); err != nil {
		return err
	}
	k := newKernel()
	count := 0
	for i, c := range cells {
		cell, ok := c.(map[string]any)
		if !ok || cell["cell_type"] != "code" {
			continue
		}
		count++
		outputs, err := k.runCell(joined(cell["source"]), count)
		if err != nil {
			return fmt.Errorf("cell %d: %w", i+1, err)
		}
		if keep {
			cell["outputs"], cell["execution_count"] = outputs, count
		} else if err := same(outputs, cell["outputs"]); err != nil {
			return fmt.Errorf("cell %d: %w", i+1, err)
		}
	}
	if !keep {
		return nil
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(nb); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}

// newKernel is a kernel without connections.
func newKernel() *Kernel {
	ir := newInterpreter()
	ir.Comp.Stdout, ir.Comp.Stderr = io.Discard, io.Discard
	k := &Kernel{ir, importPackage(ir, "display", "display"), nil}
	ir.DeclVar("Display", nil, stubDisplay)
	k.initRenderers()
	return k
}

// runCell runs one cell and returns its outputs in the notebook's form.
func (k *Kernel) runCell(code string, count int) ([]any, error) {
	var c collector
	k.ir.ValueOf("Display").Set(xreflect.ValueOf(func(d Data) error {
		c.add(map[string]any{"output_type": "display_data", "data": mimes(d.Data), "metadata": orEmpty(d.Metadata)})
		return nil
	}))
	restore, err := c.redirect()
	if err != nil {
		return nil, err
	}
	values, types, err := evaluate(k.ir, OutErr{io.Discard, io.Discard}, code)
	restore()
	if err != nil {
		return nil, err
	}
	if d := k.autoRenderResults(values, types); len(d.Data) > 0 {
		c.add(map[string]any{"output_type": "execute_result", "execution_count": count, "data": mimes(d.Data), "metadata": orEmpty(d.Metadata)})
	}
	if c.outputs == nil {
		return []any{}, nil
	}
	return c.outputs, nil
}

// collector gathers the outputs of one cell in the order in which they come.
type collector struct {
	sync.Mutex
	outputs []any
}

func (c *collector) add(o map[string]any) {
	c.Lock()
	defer c.Unlock()
	c.outputs = append(c.outputs, o)
}

// stream adds text to a stream; text that follows text of the same stream belongs to one output. A carriage return begins the
// line anew, as progress bars do: what stood there is gone.
func (c *collector) stream(name, text string) {
	c.Lock()
	defer c.Unlock()
	if n := len(c.outputs); n > 0 {
		if last := c.outputs[n-1].(map[string]any); last["name"] == name {
			last["text"] = lines(redrawn(joined(last["text"]) + text))
			return
		}
	}
	c.outputs = append(c.outputs, map[string]any{"output_type": "stream", "name": name, "text": lines(redrawn(text))})
}

// redrawn is the text of a stream as a terminal shows it in the end.
func redrawn(text string) string {
	rows := strings.SplitAfter(text, "\n")
	for i, row := range rows {
		end := strings.TrimRight(row, "\r\n")
		if at := strings.LastIndexByte(end, '\r'); at >= 0 {
			rows[i] = row[at+1:]
		}
	}
	return strings.Join(rows, "")
}

// redirect sends standard output and error to the collector until it is restored.
func (c *collector) redirect() (restore func(), err error) {
	var undo []func()
	restore = func() {
		for _, u := range undo {
			u()
		}
	}
	for _, s := range []struct {
		name string
		file **os.File
	}{{"stdout", &os.Stdout}, {"stderr", &os.Stderr}} {
		r, w, err := os.Pipe()
		if err != nil {
			restore()
			return nil, err
		}
		old, done := *s.file, make(chan struct{})
		*s.file = w
		go func() {
			defer close(done)
			buffer := make([]byte, 1<<16)
			for {
				n, err := r.Read(buffer)
				if n > 0 {
					c.stream(s.name, string(buffer[:n]))
				}
				if err != nil {
					return
				}
			}
		}()
		undo = append(undo, func() {
			*s.file = old
			_ = w.Close()
			<-done
			_ = r.Close()
		})
	}
	return restore, nil
}

func orEmpty(m MIMEMap) MIMEMap {
	if m == nil {
		return MIMEMap{}
	}
	return m
}

// mimes writes what is shown as notebooks do: text as lines, pictures in base64.
func mimes(m MIMEMap) map[string]any {
	out := map[string]any{}
	for kind, v := range m {
		switch v := v.(type) {
		case string:
			out[kind] = lines(v)
		case []byte:
			if strings.HasPrefix(kind, "text/") || kind == MIMETypeSVG {
				out[kind] = lines(string(v))
			} else {
				out[kind] = base64.StdEncoding.EncodeToString(v) + "\n"
			}
		default:
			out[kind] = v
		}
	}
	return out
}

// lines cuts a text after each line feed.
func lines(s string) []any {
	var list []any
	for _, l := range strings.SplitAfter(s, "\n") {
		if l != "" {
			list = append(list, l)
		}
	}
	return list
}

// joined is a text that a notebook holds whole or as lines.
func joined(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		var b strings.Builder
		for _, l := range v {
			s, _ := l.(string)
			b.WriteString(s)
		}
		return b.String()
	}
	return ""
}

// same compares the text of outputs with what the file has. Pictures are compared by their kinds alone: another version of a
// font draws other points.
func same(got, want any) error {
	g, w := texts(got), texts(want)
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			old := "nothing"
			if i < len(w) {
				old = w[i]
			}
			return fmt.Errorf("it shows\n%s\nand the file has\n%s", g[i], old)
		}
	}
	if len(w) > len(g) {
		return fmt.Errorf("it no longer shows what the file has:\n%s", w[len(g)])
	}
	return nil
}

func texts(outputs any) []string {
	list, _ := outputs.([]any)
	var out []string
	for _, o := range list {
		m, _ := o.(map[string]any)
		if m["output_type"] == "stream" {
			out = append(out, fmt.Sprint(m["name"], ": ", joined(m["text"])))
			continue
		}
		data := reflect.ValueOf(m["data"])
		s := fmt.Sprint(m["output_type"])
		if data.Kind() == reflect.Map {
			for _, kind := range []string{MIMETypeText, MIMETypeHTML, MIMETypePNG, MIMETypeSVG} {
				v := data.MapIndex(reflect.ValueOf(kind))
				if !v.IsValid() {
					continue
				}
				s += " " + kind
				if strings.HasPrefix(kind, "text/") {
					s += ": " + joined(v.Interface())
				}
			}
		}
		out = append(out, s)
	}
	return out
}
