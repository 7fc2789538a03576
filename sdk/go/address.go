package frames

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var label = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}(\.[a-z0-9][a-z0-9-]{0,31})?$`)

// split finds the server in a channel's name: a server's channels begin with its name.
func split(channel string) (at, name string) {
	world, name, qualified := strings.Cut(channel, "/")
	if !qualified {
		world, name = "", channel
	}
	service, _, _ := strings.Cut(name, ".")
	if qualified {
		service = world + "/" + service
	}
	return service, name
}

// dialTarget is what gRPC dials for a name such as `render` or `arena/render`, or an address such as `unix:/tmp/a.sock`.
func dialTarget(at string) (string, error) {
	if !strings.Contains(at, ":") {
		var err error
		if at, err = byName(at); err != nil {
			return "", err
		}
	}
	switch {
	case strings.HasPrefix(at, "http://"):
		return "passthrough:///" + strings.TrimRight(strings.TrimPrefix(at, "http://"), "/"), nil
	case strings.HasPrefix(at, "unix-abstract:"):
		return at, nil
	case strings.HasPrefix(at, "unix:"):
		path, err := filepath.Abs(strings.TrimPrefix(strings.TrimPrefix(at, "unix:"), "//"))
		return "unix://" + path, err
	}
	return "", fmt.Errorf("expected unix:, unix-abstract: or http: before a place, found %q", at)
}

func byName(name string) (string, error) {
	world, service, qualified := strings.Cut(name, "/")
	if !qualified {
		world, service = os.Getenv("NEARCALL_WORLD"), name
		if world == "" {
			world = "default"
		}
	}
	if !label.MatchString(world) || !label.MatchString(service) {
		return "", fmt.Errorf("expected a name such as `render` or `arena/render`, found %q", name)
	}
	variable := "NEARCALL_ADDRESS_" + strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(service))
	if address := os.Getenv(variable); address != "" {
		return address, nil
	}
	return "unix:" + filepath.Join(runtimeFolder(), world, service+".sock"), nil
}

// runtimeFolder is `$XDG_RUNTIME_DIR/nearcall`; where that is not set, or not absolute, one in the temporary folder.
func runtimeFolder() string {
	if folder := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(folder) {
		return filepath.Join(folder, "nearcall")
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("nearcall-%d", os.Geteuid()))
}
