// Package xla runs functions of a graph on processors, GPUs and TPUs: package graph/stablehlo writes them as text, and a PJRT plugin
// compiles and runs that (https://openxla.org/xla/pjrt). A plugin is a shared library; it is called without cgo. Results agree with
// those of graph's own programs to rounding, not to the bit.
package xla

import (
	"debug/elf"
	"os"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// PluginVariable is the environment variable that names a plugin for those who do not.
const PluginVariable = "UNROLL_PJRT"

// Client is a device of a plugin, with what is on it. Its methods may be called by several goroutines at once.
type Client struct {
	api              *api
	client, device   unsafe.Pointer
	platform, detail string
}

// Open loads a plugin and takes its first device. An empty path stands for the one in $UNROLL_PJRT. A plugin stays loaded until the
// process ends; loading it again is free.
func Open(path string) (*Client, error) {
	if path == "" {
		if path = os.Getenv(PluginVariable); path == "" {
			return nil, errors.Errorf("xla: no plugin: want the path of a PJRT plugin's shared library, or $%s with it", PluginVariable)
		}
	}
	if err := intact(path); err != nil {
		return nil, errors.Wrapf(err, "xla: plugin %s", path)
	}
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, errors.Wrapf(err, "xla: plugin %s", path)
	}
	symbol, err := purego.Dlsym(handle, "GetPjrtApi")
	if err != nil {
		return nil, errors.Wrapf(err, "xla: %s is no PJRT plugin", path)
	}
	var get func() *api
	purego.RegisterFunc(&get, symbol)
	a := get()
	if err := a.usable(); err != nil {
		return nil, errors.Wrapf(err, "xla: plugin %s", path)
	}
	c, err := open(a)
	return c, errors.Wrapf(err, "xla: plugin %s", path)
}

// intact refuses a library that is cut off, which would end the process when it is read. Where the file is looked for elsewhere, or is
// of another system's format, the loader judges alone.
func intact(path string) error {
	file, err := os.Open(path)
	if err != nil || runtime.GOOS != "linux" {
		return nil
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	library, err := elf.NewFile(file)
	if err != nil {
		return errors.Wrap(err, "it is no shared library")
	}
	for _, p := range library.Progs {
		if end := p.Off + p.Filesz; p.Type == elf.PT_LOAD && end > uint64(info.Size()) {
			return errors.Errorf("it is cut off: it has %d bytes; want %d at least", info.Size(), end)
		}
	}
	return nil
}

func open(a *api) (*Client, error) {
	if err := call(a, pluginInitialize, &initializeArgs{headOf[initializeArgs]()}); err != nil {
		return nil, err
	}
	made := &clientArgs{head: headOf[clientArgs]()}
	if err := call(a, clientCreate, made); err != nil {
		return nil, err
	}
	c := &Client{api: a, client: made.client}
	devices := &devicesArgs{head: headOf[devicesArgs](), client: c.client}
	if err := call(a, clientDevices, devices); err != nil {
		return nil, err
	}
	if devices.count == 0 {
		return nil, errors.New("there is no device")
	}
	c.device = *devices.devices
	var err error
	if c.platform, err = a.describe(clientPlatformName, c.client); err != nil {
		return nil, err
	}
	of := &describeArgs{head: headOf[describeArgs](), device: c.device}
	if err := call(a, deviceDescription, of); err != nil {
		return nil, err
	}
	c.detail, err = a.describe(deviceToString, of.description)
	return c, err
}

// String names the platform and the device: "cpu, CpuDevice(id=0)".
func (c *Client) String() string {
	if c == nil || c.api == nil {
		return "no client"
	}
	return c.platform + ", " + c.detail
}

func (c *Client) made() error {
	if c == nil || c.api == nil || c.client == nil {
		return errors.New("xla: there is no client: Open makes one")
	}
	return nil
}

// Close frees the client. Executables and buffers of it are to be closed before.
func (c *Client) Close() error {
	if err := c.made(); err != nil {
		return err
	}
	object := c.client
	c.client = nil
	return call(c.api, clientDestroy, &handleArgs{head: headOf[handleArgs](), object: object})
}

// Executable is a compiled text.
type Executable struct {
	client  *Client
	object  unsafe.Pointer
	results []Shape
}

// Shape is what a result of an executable is.
type Shape struct {
	Dims  []int
	Dtype tensor.Dtype // tensor.Float32, tensor.Float64, or tensor.Int for whole numbers of 32 bits
}

// oneDevice is an xla.CompileOptionsProto: executable_build_options (3) with num_replicas (4) and num_partitions (5) of 1.
var oneDevice = []byte{0x1a, 4, 0x20, 1, 0x28, 1}

// Compile compiles StableHLO text whose function main has the given results.
func (c *Client) Compile(text string, results []Shape) (*Executable, error) {
	if err := c.made(); err != nil {
		return nil, err
	}
	if text == "" {
		return nil, errors.New("xla: the text is empty")
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	code, format := unsafe.StringData(text), unsafe.StringData("mlir")
	p := &program{head: headOf[program](), code: code, length: uintptr(len(text)), format: format, formatSize: 4}
	pin.Pin(code)
	pin.Pin(p)
	pin.Pin(&oneDevice[0])
	args := &compileArgs{head: headOf[compileArgs](), client: c.client, program: p, options: &oneDevice[0], size: uintptr(len(oneDevice))}
	if err := call(c.api, clientCompile, args); err != nil {
		return nil, errors.Wrap(err, "xla: compile")
	}
	return &Executable{c, args.executable, results}, nil
}

// Run computes the results of main for its arguments, in order. They stay on the device, as the arguments do.
func (e *Executable) Run(args ...*Buffer) ([]*Buffer, error) {
	if e == nil || e.object == nil {
		return nil, errors.New("xla: there is no executable: Client.Compile makes one")
	}
	in, out := make([]unsafe.Pointer, len(args)+1), make([]unsafe.Pointer, len(e.results)+1) // never empty, to point to
	for i, b := range args {
		if b == nil || b.object == nil || b.client != e.client {
			return nil, errors.Errorf("xla: argument %d is no buffer of the executable's client", i)
		}
		in[i] = b.object
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	first, firstOut := &in[0], &out[0]
	events := make([]unsafe.Pointer, 1)
	options := &executeOptions{head: headOf[executeOptions]()}
	ins, outs := &first, &firstOut
	for _, p := range []any{&in[0], &out[0], &events[0], options, ins, outs} {
		pin.Pin(p)
	}
	run := &executeArgs{head: headOf[executeArgs](), executable: e.object, options: options, arguments: ins,
		devices: 1, count: uintptr(len(args)), results: outs, events: &events[0]}
	if err := call(e.client.api, executableExecute, run); err != nil {
		return nil, errors.Wrap(err, "xla: run")
	}
	if err := e.client.api.release(events[0]); err != nil {
		return nil, errors.Wrap(err, "xla: run")
	}
	buffers := make([]*Buffer, len(e.results))
	for i, s := range e.results {
		buffers[i] = &Buffer{e.client, out[i], s}
	}
	return buffers, nil
}

// Close frees the executable.
func (e *Executable) Close() error {
	if e == nil || e.object == nil {
		return nil
	}
	object := e.object
	e.object = nil
	return call(e.client.api, executableDestroy, &handleArgs{head: headOf[handleArgs](), object: object})
}
