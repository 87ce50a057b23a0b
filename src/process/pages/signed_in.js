// Whether somebody is still signed in here. Figures go from the page when the sign-in ends, whoever ended it and whether or not the server can be reached.
(() => {
  const about = JSON.parse(document.getElementById('signed-in').textContent)
  const note = document.getElementById('signing-out')
  const words = {
    'idle': 'Nothing was done here for a while.',
    'shift': 'A sign-in lasts one shift.',
    'revoked': 'What you may see has changed, or your access has ended.',
    'not now': 'Who is signed in could not be looked up. Try again in a moment; if it lasts, tell whoever runs the server.',
    'too many': 'You have signed in in other browsers since.',
  }
  const NativeSocket = window.WebSocket
  let idleEnds, shiftEnds, asked = 0, told = Date.now(), over = false, leaving = false
  const learn = left => { idleEnds = Date.now() + 1000 * left.idle; shiftEnds = Date.now() + 1000 * left.shift }
  learn(about)

  const end = why => {
    if (over) return
    over = true
    clearInterval(looking)
    if (window.Bokeh) window.Bokeh.set_log_level('off') // it would go on about a connection that is gone
    document.querySelectorAll('aside, nav, header .person, script').forEach(part => part.remove())
    const main = document.querySelector('main')
    main.innerHTML = '<h1>You were signed out</h1><p class="why" role="status"></p><p><a href="/sign-in">Sign in again</a></p>'
    main.querySelector('.why').textContent = words[why] || ''
    main.querySelector('a').href = '/sign-in?next=' + encodeURIComponent(location.pathname + location.search)
    note.hidden = true
    document.body.classList.remove('busy')
    if (window.Bokeh) window.Bokeh.documents.length = 0
  }

  const ask = async (method = 'GET') => {
    asked = Date.now()
    try {
      const answer = await fetch('/session', { method, cache: 'no-store', headers: method === 'POST' ? { 'X-Signed-In': about.form } : {} })
      if (answer.status === 401 || answer.status === 403) end('')
      else if (answer.ok) learn(await answer.json())
      return answer.ok
    } catch (unreachable) {
      return false
    }
  }

  const lost = async () => {
    if (over || leaving) return
    const still = await ask()
    if (over || leaving) return
    note.querySelector('p').textContent = still ? 'The connection to the server was lost; figures no longer follow.' : 'The server cannot be reached.'
    note.querySelector('button').textContent = 'Load the page again'
    note.querySelector('button').onclick = () => location.reload()
    note.hidden = false
  }

  // A page's websocket is opened once. 4401: the server says that the sign-in has ended.
  window.WebSocket = class extends NativeSocket {
    constructor(...given) {
      super(...given)
      this.addEventListener('close', event => event.code === 4401 ? end(event.reason) : lost())
    }
    send(message) { if (this.readyState === NativeSocket.OPEN) super.send(message) }
  }
  addEventListener('pagehide', () => { leaving = true })
  addEventListener('pageshow', event => { if (event.persisted) location.reload() })

  const done = () => {
    if (over || Date.now() - told < 1000 * Math.min(60, about.idle / 10)) return
    told = Date.now()
    ask('POST')
  }
  for (const kind of ['pointerdown', 'keydown', 'wheel', 'touchstart']) addEventListener(kind, event => { if (event.isTrusted) done() }, { passive: true, capture: true })

  const look = () => {
    const now = Date.now(), ends = Math.min(idleEnds, shiftEnds)
    const soon = now > ends - 1000 * about.warn
    if (soon && now - asked > 1000 * Math.min(15, about.warn / 4)) ask() // another tab may have been used meanwhile
    if (!soon && !document.querySelector('[data-root-id]') && now - asked > 15000) ask() // a page without a websocket
    if (now > ends + 1000) { end(idleEnds < shiftEnds ? 'idle' : 'shift'); return }
    if (note.dataset.warns && !soon) { note.hidden = true; delete note.dataset.warns }
    if (soon && (note.hidden || note.dataset.warns)) {
      const minutes = Math.max(1, Math.ceil((ends - now) / 60000)), idle = idleEnds < shiftEnds
      note.dataset.warns = '1'
      note.querySelector('p').textContent = `You will be signed out in ${minutes} minute${minutes > 1 ? 's' : ''}` + (idle ? '.' : ': a sign-in lasts one shift.')
      note.querySelector('button').hidden = !idle
      note.hidden = false
    }
  }
  note.querySelector('button').onclick = async () => { told = Date.now(); if (await ask('POST')) note.hidden = true }
  const looking = setInterval(look, 1000)
})()
