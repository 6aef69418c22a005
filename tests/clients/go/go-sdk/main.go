// The client of the official Go SDK.
package main

import (
	"context"
	"errors"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"clients/checks"
)

type client struct {
	session  *mcp.ClientSession
	lock     sync.Mutex
	progress map[any]int
}

func connect(ctx context.Context, url string) (checks.Client, error) {
	c := &client{progress: map[any]int{}}
	options := mcp.ClientOptions{ProgressNotificationHandler: c.onProgress}
	one := mcp.NewClient(&mcp.Implementation{Name: "client", Version: "0"}, &options)
	one.AddRoots(&mcp.Root{URI: "file:///a"})
	session, err := one.Connect(ctx, &mcp.SSEClientTransport{Endpoint: url}, nil)
	c.session = session
	return c, err
}

func (c *client) onProgress(_ context.Context, told *mcp.ProgressNotificationClientRequest) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.progress[told.Params.ProgressToken]++
}

func (c *client) ServerName() string { return c.session.InitializeResult().ServerInfo.Name }

func (c *client) Ping(ctx context.Context) error { return c.session.Ping(ctx, nil) }

func (c *client) List(ctx context.Context) ([]string, error) {
	found, err := c.session.ListTools(ctx, nil)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, tool := range found.Tools {
		names = append(names, tool.Name)
	}
	return names, nil
}

func (c *client) Call(ctx context.Context, tool string, args map[string]any, token string) (string, error) {
	params := &mcp.CallToolParams{Name: tool, Arguments: args}
	if token != "" {
		params.SetProgressToken(token)
	}
	result, err := c.session.CallTool(ctx, params)
	if err != nil {
		return "", err
	}
	return result.Content[0].(*mcp.TextContent).Text, nil
}

func (c *client) Progress(token string) int {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.progress[token]
}

func (c *client) Code(err error) int {
	var found *jsonrpc.Error
	if errors.As(err, &found) {
		return int(found.Code)
	}
	return 0
}

func (c *client) Close() { c.session.Close() }

func main() { checks.Run(connect) }
