// What a real meeting page does before it opens the camera: it shows its token to the server.
const room = document.getElementById('room')

function say(headline, ...lines) {
  const title = document.createElement('h1')
  title.className = 't-20'
  title.textContent = headline
  room.replaceChildren(title, ...lines.map((line) => {
    const paragraph = document.createElement('p')
    paragraph.textContent = line
    return paragraph
  }))
}

const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? ''
// Nobody who looks over a shoulder, and no history, keeps it.
history.replaceState(null, '', location.pathname)
try {
  const answer = await fetch('enter', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token }),
  })
  const said = await answer.json()
  if (said.ok) {
    say(
      `You are in the room as ${said.name}`,
      said.host ? 'You are the host.' : 'You are a guest.',
      `Room ${said.room}`,
      said.others === 0 ? 'Nobody else is here yet.' : `With you here: ${said.others}.`,
      'In the real world people would now see each other.',
    )
  } else {
    say('You were not let in', said.why)
  }
} catch {
  say('You were not let in', 'The server did not answer.')
}
