defmodule Example.MixProject do
  use Mix.Project

  def project do
    [app: :example_elixir, version: "0.1.0", elixir: "~> 1.14.0", deps: []]
  end

  def application do
    [mod: {Example.Application, []}, extra_applications: [:logger]]
  end
end
