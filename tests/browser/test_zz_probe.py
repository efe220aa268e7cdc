import sys, time
sys.path.insert(0,'/work/w-18/tests/browser'); sys.path.insert(0,'/work/w-18/tests/e2e')
from test_live import *
def test_probe(live):
    page = live
    play_with(page, 'llhls')
    button(page, 'pause')
    page.wait('a long pause', lambda: page.seconds_behind > 20)
    button(page, 'pause')
    for i in range(40):
        time.sleep(1)
        print(i, page.state, page.seconds_behind, page.js('(()=>{const v=document.querySelector("#video"); return [v.currentTime, v.playbackRate, v.paused, v.readyState, v.buffered.length? [...Array(v.buffered.length).keys()].map(i=>[v.buffered.start(i),v.buffered.end(i)]):0]})()'))
    assert 0
