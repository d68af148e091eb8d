{-# LANGUAGE OverloadedStrings #-}

-- | A web server with nothing but sockets.
module Main (main) where

import Control.Concurrent (forkIO)
import Control.Monad (forever, void)
import qualified Data.ByteString.Char8 as Bytes
import Network.Socket
import Network.Socket.ByteString (recv, sendAll)
import System.Environment (lookupEnv)

main :: IO ()
main = do
  port <- maybe 3000 read <$> lookupEnv "PORT"
  server <- socket AF_INET Stream defaultProtocol
  setSocketOption server ReuseAddr 1
  bind server (SockAddrInet port (tupleToHostAddress (0, 0, 0, 0)))
  listen server 128
  forever $ do
    (client, _) <- accept server
    void (forkIO (answer client))

answer :: Socket -> IO ()
answer client = do
  _request <- recv client 4096
  sendAll client (Bytes.concat [header, body])
  close client
  where
    body = "Hello, World!\n"
    header =
      Bytes.concat
        [ "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: ",
          Bytes.pack (show (Bytes.length body)),
          "\r\n\r\n"
        ]
