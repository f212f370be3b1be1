//go:build js && wasm

// Command wasm is the library inside the page: its functions unrollRun and unrollCancel run lessons in a worker of the browser.
package main

import (
	"context"
	"encoding/json"
	"syscall/js"
	"time"

	"github.com/unroll-go/unroll/docs/site/lessons"
)

func main() {
	session := &lessons.Session{}
	cancel := func() {}
	js.Global().Set("unrollRun", js.FuncOf(func(_ js.Value, args []js.Value) any {
		name, settings, emit, end := args[0].String(), args[1].String(), args[2], args[3]
		var ctx context.Context
		ctx, cancel = context.WithCancel(context.Background())
		go func() {
			err := session.Run(ctx, name, []byte(settings), func(event any) error {
				text, err := json.Marshal(event)
				if err != nil {
					return err
				}
				emit.Invoke(string(text))
				time.Sleep(time.Millisecond) // the worker reads its messages, one of which may end the lesson
				return nil
			})
			message := ""
			if err != nil {
				message = err.Error()
			}
			end.Invoke(message)
		}()
		return nil
	}))
	js.Global().Set("unrollCancel", js.FuncOf(func(js.Value, []js.Value) any {
		cancel()
		return nil
	}))
	select {}
}
