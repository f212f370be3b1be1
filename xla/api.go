package xla

import (
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
	"github.com/pkg/errors"
)

// What is here is the part of PJRT's C interface that is called (xla/pjrt/c/pjrt_c_api.h): a table of functions, each of which takes
// one structure and returns an error or nil. The interface grows at the end of the table and of the structures, whose sizes tell a
// plugin what its caller knows of.

// Places of functions in the table.
const (
	errorDestroy       = 0
	errorMessage       = 1
	pluginInitialize   = 3
	eventDestroy       = 5
	eventAwait         = 8
	clientCreate       = 10
	clientDestroy      = 11
	clientPlatformName = 12
	clientDevices      = 16 // the addressable ones
	clientCompile      = 20
	bufferFromHost     = 22
	deviceToString     = 28
	deviceDescription  = 29
	executableDestroy  = 50
	executableExecute  = 55
	bufferDestroy      = 58
	bufferToHost       = 70
	functions          = 71 // so many are needed
)

// api is the table.
//
//nolint:unused // the plugin's layout
type api struct {
	size      uintptr
	extension unsafe.Pointer
	version   struct {
		size         uintptr
		extension    unsafe.Pointer
		major, minor int32
	}
	functions [functions]uintptr
}

// needed are the functions that are called.
var needed = []int{errorDestroy, errorMessage, pluginInitialize, eventDestroy, eventAwait, clientCreate, clientDestroy, clientPlatformName,
	clientDevices, clientCompile, bufferFromHost, deviceToString, deviceDescription, executableDestroy, executableExecute, bufferDestroy,
	bufferToHost}

// usable refuses a table that is not the one that is called here.
func (a *api) usable() error {
	switch {
	case a == nil:
		return errors.New("it has no interface")
	case a.size < unsafe.Sizeof(api{}):
		return errors.Errorf("its interface is too old: %d bytes; want %d at least", a.size, unsafe.Sizeof(api{}))
	case a.version.major != 0:
		return errors.Errorf("its interface has version %d.%d; want 0.x", a.version.major, a.version.minor)
	}
	for _, f := range needed {
		if a.functions[f] == 0 {
			return errors.Errorf("its interface %d.%d lacks function %d", a.version.major, a.version.minor, f)
		}
	}
	return nil
}

// head begins every structure.
type head struct {
	size      uintptr
	extension unsafe.Pointer
}

func headOf[T any]() head {
	var x T
	return head{size: unsafe.Sizeof(x)}
}

//nolint:unused // a plugin reads the fields that nothing here does, or they hold the place of the others
type (
	initializeArgs struct{ head }
	// handleArgs are those of the functions that take one object: to destroy it, or to wait for it.
	handleArgs struct {
		head
		object unsafe.Pointer
	}
	// textArgs are those of the functions that describe an object.
	textArgs struct {
		head
		object unsafe.Pointer
		text   *byte
		length uintptr
	}
	clientArgs struct {
		head
		options, count           unsafe.Pointer
		get, getArg, put, putArg unsafe.Pointer
		client                   unsafe.Pointer
		tryGet, tryGetArg        unsafe.Pointer
	}
	devicesArgs struct {
		head
		client  unsafe.Pointer
		devices *unsafe.Pointer
		count   uintptr
	}
	describeArgs struct {
		head
		device, description unsafe.Pointer
	}
	program struct {
		head
		code       *byte
		length     uintptr
		format     *byte
		formatSize uintptr
	}
	compileArgs struct {
		head
		client     unsafe.Pointer
		program    *program
		options    *byte
		size       uintptr
		executable unsafe.Pointer
	}
	uploadArgs struct {
		head
		client      unsafe.Pointer
		data        unsafe.Pointer
		kind        int32
		dims        *int64
		rank        uintptr
		strides     *int64
		strideCount uintptr
		semantics   int32
		device      unsafe.Pointer
		memory      unsafe.Pointer
		layout      unsafe.Pointer
		done        unsafe.Pointer
		buffer      unsafe.Pointer
	}
	executeOptions struct {
		head
		send, receive           unsafe.Pointer
		sendCount, receiveCount uintptr
		launch                  int32
		kept                    *int64
		keptCount               uintptr
		context, location       unsafe.Pointer
		taskCount               uintptr
		tasks, incarnations     unsafe.Pointer
	}
	executeArgs struct {
		head
		executable     unsafe.Pointer
		options        *executeOptions
		arguments      **unsafe.Pointer
		devices, count uintptr
		results        **unsafe.Pointer
		events         *unsafe.Pointer
		device         unsafe.Pointer
	}
	downloadArgs struct {
		head
		buffer unsafe.Pointer
		layout unsafe.Pointer
		data   unsafe.Pointer
		size   uintptr
		event  unsafe.Pointer
	}
)

// call calls a function with a structure. Go's memory that the structure points to has to be pinned, or to live in a variable of
// the caller's that a pinner holds.
func call[T any](a *api, function int, args *T) error {
	var pin runtime.Pinner
	pin.Pin(args)
	defer pin.Unpin()
	failed, _, _ := purego.SyscallN(a.functions[function], uintptr(unsafe.Pointer(args)))
	if failed == 0 {
		return nil
	}
	return a.explain(failed)
}

// explain is an error in words.
func (a *api) explain(failed uintptr) error {
	object := *(*unsafe.Pointer)(unsafe.Pointer(&failed)) // memory of the plugin's
	message := textArgs{head: headOf[textArgs](), object: object}
	destroy := handleArgs{head: headOf[handleArgs](), object: object}
	var pin runtime.Pinner
	pin.Pin(&message)
	pin.Pin(&destroy)
	defer pin.Unpin()
	purego.SyscallN(a.functions[errorMessage], uintptr(unsafe.Pointer(&message)))
	text := unsafe.String(message.text, int(message.length))
	err := errors.New("PJRT: " + string([]byte(text)))
	purego.SyscallN(a.functions[errorDestroy], uintptr(unsafe.Pointer(&destroy)))
	return err
}

// describe asks for the text of an object.
func (a *api) describe(function int, object unsafe.Pointer) (string, error) {
	args := &textArgs{head: headOf[textArgs](), object: object}
	if err := call(a, function, args); err != nil {
		return "", err
	}
	return string([]byte(unsafe.String(args.text, int(args.length)))), nil
}

// release waits for an event, if there is one, and destroys it.
func (a *api) release(event unsafe.Pointer) error {
	if event == nil {
		return nil
	}
	err := call(a, eventAwait, &handleArgs{head: headOf[handleArgs](), object: event})
	if again := call(a, eventDestroy, &handleArgs{head: headOf[handleArgs](), object: event}); err == nil {
		err = again
	}
	return err
}
