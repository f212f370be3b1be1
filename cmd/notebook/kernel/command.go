//go:build kernel

package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

const usage = `The kernel of Jupyter in which Go and Unroll can be used.

  unroll-kernel install [-prefix FOLDER]      make it known to Jupyter
  unroll-kernel run [-write] FILE.ipynb ...   run notebooks without Jupyter

Jupyter itself calls it with the name of a connection file.
`

// command does what the arguments ask for, if it is not to run as Jupyter's kernel.
func command() bool {
	args := os.Args[1:]
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	var err error
	switch args[0] {
	case "help", "-h", "-help", "--help":
		fmt.Print(usage)
	case "install":
		err = install(args[1:])
	case "run":
		err = runFiles(args[1:])
	default:
		return false
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "unroll-kernel:", err)
		os.Exit(1)
	}
	return true
}

// install writes the file by which Jupyter finds the kernel, which says where this binary is.
func install(args []string) error {
	flags := flag.NewFlagSet("install", flag.ExitOnError)
	prefix := flags.String("prefix", "", "install for the Python environment in this `folder` rather than for the user")
	_ = flags.Parse(args)
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	data, err := dataFolder()
	if err != nil {
		return err
	}
	if *prefix != "" {
		data = filepath.Join(*prefix, "share", "jupyter")
	}
	dir := filepath.Join(data, "kernels", "unroll")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	text, err := json.MarshalIndent(map[string]any{
		"argv":         []string{binary, "{connection_file}"},
		"display_name": "Go (Unroll)",
		"language":     "go",
	}, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "kernel.json")
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		return err
	}
	fmt.Println(path)
	return nil
}

// dataFolder is where Jupyter looks for kernels of a user
// (https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs).
func dataFolder() (string, error) {
	if dir := os.Getenv("JUPYTER_DATA_DIR"); dir != "" {
		return dir, nil
	}
	if runtime.GOOS == "windows" {
		return filepath.Join(os.Getenv("APPDATA"), "jupyter"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Jupyter"), nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "jupyter"), nil
	}
	return filepath.Join(home, ".local", "share", "jupyter"), nil
}
