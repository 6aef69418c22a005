// Package checks has the checks, for any client that is wrapped as a Client.
package checks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// Client is an initialized session.
type Client interface {
	ServerName() string
	Ping(ctx context.Context) error
	List(ctx context.Context) ([]string, error)
	// Call gives the text of a tool's result. A progress token of "" asks for no progress.
	Call(ctx context.Context, tool string, args map[string]any, token string) (string, error)
	// Progress gives how often progress was reported for a token.
	Progress(token string) int
	// Code gives the code of a JSON-RPC error.
	Code(err error) int
	Close()
}

// Connect opens a session. What it starts ends with the context.
type Connect func(ctx context.Context, url string) (Client, error)

const piece = "\u2028 \u2029 \u0085 😀👩‍👩‍👧 ü \"quoted\" 'too' \\ \\n \n \r\n \r \t data: \n\nevent: endpoint\n"

var large = strings.Repeat(piece, 200*1024/len(piece))

type suite struct {
	connect                Connect
	server, proxy, control string
}

var printing sync.Mutex

func tell(check, found, note string) {
	printing.Lock()
	defer printing.Unlock()
	line, _ := json.Marshal(struct {
		Check string `json:"check"`
		Found string `json:"found"`
		Note  string `json:"note"`
	}{check, found, note})
	fmt.Println(string(line))
}

func check(name string, test func() (string, error)) {
	type result struct {
		note string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		note, err := test()
		done <- result{note, err}
	}()
	select {
	case result := <-done:
		if result.err != nil {
			tell(name, result.err.Error(), "")
		} else {
			tell(name, "ok", result.note)
		}
	case <-time.After(30 * time.Second):
		tell(name, "not done after 30 s", "")
	}
}

func (s suite) with(base, name string, use func(Client) (string, error)) func() (string, error) {
	return func() (string, error) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		client, err := s.connect(ctx, base+"/"+name+"/sse")
		if err != nil {
			return "", fmt.Errorf("connect: %w", err)
		}
		note, err := use(client)
		client.Close()
		return note, err
	}
}

func call(client Client, limit time.Duration, tool string, args map[string]any) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return client.Call(ctx, tool, args, "")
}

func echo(client Client, limit time.Duration, text string) error {
	found, err := call(client, limit, "echo", map[string]any{"text": text})
	if err == nil && found != text {
		err = errors.New("another text")
	}
	return err
}

// fails gives the error of a call, which must come soon.
func fails(within time.Duration, call func() error) (string, error) {
	start := time.Now()
	err := call()
	took := time.Since(start)
	switch {
	case err == nil:
		return "", errors.New("no error")
	case took > within:
		return "", fmt.Errorf("error after %.0f s: %w", took.Seconds(), err)
	}
	return err.Error(), nil
}

func (s suite) cut(how string) {
	if answer, err := http.Get(s.control + "/cut/" + how); err == nil {
		_, _ = io.ReadAll(answer.Body)
		answer.Body.Close()
	}
}

func want(found, expected string, err error) error {
	if err == nil && found != expected {
		err = fmt.Errorf("%.100q is not %q", found, expected)
	}
	return err
}

func (s suite) oneSession() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var client Client
	check("connect", func() (_ string, err error) {
		client, err = s.connect(ctx, s.server+"/all/sse")
		if err == nil {
			err = want(client.ServerName(), "clients", nil)
		}
		return "", err
	})
	if client == nil {
		return
	}
	defer client.Close()
	check("ping", func() (string, error) {
		return "", errors.Join(client.Ping(ctx), client.Ping(ctx), client.Ping(ctx))
	})
	check("list", func() (string, error) {
		names, err := client.List(ctx)
		if err == nil && (!slices.Contains(names, "echo") || !slices.Contains(names, "end")) {
			err = fmt.Errorf("%v", names)
		}
		return "", err
	})
	check("tools", func() (string, error) {
		sum, err := call(client, 5*time.Second, "add", map[string]any{"a": 2, "b": 0.5})
		return "", errors.Join(echo(client, 5*time.Second, "Hello"), want(sum, "2.5", err))
	})
	check("progress", func() (string, error) {
		text, err := client.Call(ctx, "count", map[string]any{"to": 3}, "token")
		if err = want(text, "counted to 3", err); err == nil {
			err = want(fmt.Sprint(client.Progress("token")), "3", nil)
		}
		return "", err
	})
	check("error", func() (string, error) {
		_, err := call(client, 5*time.Second, "fail", nil)
		if err == nil {
			return "", errors.New("no error")
		}
		return err.Error(), want(fmt.Sprint(client.Code(err)), "-32000", nil)
	})
	check("cancel", func() (string, error) { return "", cancelled(client) })
	check("ask", func() (string, error) {
		err := ask(client, map[string]any{"method": "roots/list"})
		if err == nil {
			return "", nil
		}
		if ask(client, map[string]any{"method": "roots/list", "integer": "1000000"}) == nil {
			err = fmt.Errorf("an integer as id only: %w", err)
		}
		return "", err
	})
	check("text", func() (string, error) { return "", echo(client, 20*time.Second, large) })
	check("text_1m", func() (string, error) {
		return "", echo(client, 20*time.Second, large+strings.Repeat("x", 900*1024))
	})
}

func ask(client Client, args map[string]any) error {
	answer, err := call(client, 3*time.Second, "ask", args)
	if err == nil && !strings.Contains(answer, "file:///a") {
		err = errors.New(answer)
	}
	return err
}

func cancelled(client Client) error {
	before, err := call(client, 5*time.Second, "cancelled", nil)
	if err != nil {
		return err
	}
	_, _ = call(client, 300*time.Millisecond, "wait", map[string]any{"ms": 10000})
	for range 50 {
		now, err := call(client, 5*time.Second, "cancelled", nil)
		if err != nil || now != before {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return errors.New("the server was not told")
}

func (s suite) ended(how string) func() (string, error) {
	return s.with(s.server, "end-"+how, func(client Client) (string, error) {
		return fails(1500*time.Millisecond, func() error {
			_, err := call(client, 5*time.Second, "end", map[string]any{"how": how})
			return err
		})
	})
}

func (s suite) others() {
	for _, how := range []string{"close", "return", "fail", "panic", "deadline"} {
		check("end_"+how, s.ended(how))
	}
	check("end_idle", s.with(s.server, "idle", func(client Client) (string, error) {
		return fails(4*time.Second, func() error {
			_, err := call(client, 10*time.Second, "wait", map[string]any{"ms": 60000})
			return err
		})
	}))
	check("drain", s.with(s.server, "drain", func(client Client) (string, error) {
		text, err := call(client, 5*time.Second, "end", map[string]any{"how": "drain"})
		return "", want(text, "done", err)
	}))
	check("body_5m", s.with(s.server, "all", func(client Client) (string, error) {
		return fails(5*time.Second, func() error {
			return echo(client, 10*time.Second, strings.Repeat("x", 5_000_000))
		})
	}))
	check("body_gone", s.with(s.server, "gone", func(client Client) (string, error) {
		_, _ = call(client, 500*time.Millisecond, "end", map[string]any{"how": "close"})
		return fails(5*time.Second, func() error {
			return echo(client, 10*time.Second, strings.Repeat("x", 3_000_000))
		})
	}))
	check("sessions", s.sideBySide)
}

func (s suite) sideBySide() (string, error) {
	const sessions = 20
	found := make(chan error, sessions)
	var here sync.WaitGroup
	here.Add(sessions)
	for number := range sessions {
		go func() {
			_, err := s.with(s.server, "all", func(client Client) (string, error) {
				here.Done()
				here.Wait()
				for turn := range 10 {
					text := fmt.Sprintf("session %d, turn %d", number, turn)
					if err := echo(client, 20*time.Second, text); err != nil {
						return "", err
					}
				}
				return "", nil
			})()
			found <- err
		}()
	}
	var all error
	for range sessions {
		all = errors.Join(all, <-found)
	}
	return "", all
}

func (s suite) long(running *sync.WaitGroup) {
	running.Go(func() {
		check("silence", s.with(s.server, "silence", func(client Client) (string, error) {
			time.Sleep(14 * time.Second)
			return "", echo(client, 5*time.Second, "still here")
		}))
	})
	running.Go(func() {
		check("keep_alive", s.with(s.server, "fast", func(client Client) (string, error) {
			for turn := range 65 {
				if err := echo(client, 5*time.Second, fmt.Sprint(turn)); err != nil {
					return "", err
				}
				time.Sleep(50 * time.Millisecond)
			}
			return "", nil
		}))
	})
	running.Go(func() {
		// One after the other: a cut is for all connections.
		check("cut_open", s.with(s.proxy, "back-open", s.cutOpen))
		check("cut", s.with(s.proxy, "back", s.comesBack))
	})
}

func (s suite) cutOpen(client Client) (string, error) {
	time.AfterFunc(300*time.Millisecond, func() { s.cut("all") })
	return fails(4*time.Second, func() error {
		_, err := call(client, 5*time.Second, "wait", map[string]any{"ms": 60000})
		return err
	})
}

func (s suite) comesBack(client Client) (string, error) {
	if err := echo(client, 5*time.Second, "before"); err != nil {
		return "", err
	}
	s.cut("all")
	var last error
	for range 6 {
		if last = echo(client, 2*time.Second, "after"); last == nil {
			return "", nil
		}
		time.Sleep(time.Second)
	}
	return "", fmt.Errorf("never: %w", last)
}

// Run runs all checks, or only calls a tool: `open-call URL TOOL ARGUMENTS`.
func Run(connect Connect) {
	if os.Args[1] == "open-call" {
		openCall(connect, os.Args[2], os.Args[3], os.Args[4])
		return
	}
	s := suite{connect, os.Args[1], os.Args[2], os.Args[3]}
	var running sync.WaitGroup
	s.long(&running)
	s.oneSession()
	s.others()
	running.Wait()
}

// openCall calls a tool that is still open when the server ends the session, and tells how long after its line
// `open` the call failed.
func openCall(connect Connect, url, tool, arguments string) {
	ctx := context.Background()
	client, err := connect(ctx, url)
	if err != nil {
		tell("connect", err.Error(), "")
		return
	}
	var args map[string]any
	if err := json.Unmarshal([]byte(arguments), &args); err != nil {
		panic(err)
	}
	fmt.Println("open")
	_, err = client.Call(ctx, tool, args, "token")
	if err == nil {
		err = errors.New("no error")
	}
	tell("open_call", err.Error(), "")
}
